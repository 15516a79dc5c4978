"""Gradients of answers with respect to inputs and inner features, on TensorFlow, JAX and PyTorch.

No other module knows that the backends differ here. What a network computes is compiled once for each shape; the number
of elements may be any.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn.engine.devices import backend

_LEAST = 1e-7
"""Distance of a probability from 0 and 1 below which its log-odds no longer change."""

_SCALE = 1024.0
"""Of the score where layers compute with 16 bits, in which small gradients would be lost; a power of 2, so exact."""

Arrays = Sequence[np.ndarray]


class Gradients:
    """The gradients of a network's score with respect to its first inputs, as it answers outside of training."""

    def __init__(self, model: keras.Model, wanted: int, *, odds: bool):
        """Take a network with a list of inputs; the first `wanted` are differentiated by, others stay as they are.

        `odds` says that it answers with probabilities, whose log-odds count.
        """
        self.model, self.wanted, self.odds = model, wanted, odds
        self.scale = _SCALE if _has_16_bits(model) else 1.0
        make = {"tensorflow": _of_tensorflow, "jax": _of_jax, "torch": _of_torch}.get(backend())
        assert make is not None, backend()
        self._work: Callable[[Arrays, np.ndarray], Arrays] = make(model, wanted, self._total)

    def __call__(self, inputs: Arrays, weights: np.ndarray) -> list[np.ndarray]:
        """Return the gradients of the score, float32: of each element the sum of its answers times `weights`."""
        found = self._work(inputs, weights)
        return [np.asarray(ops.convert_to_numpy(array), "float32") / np.float32(self.scale) for array in found]

    def _total(self, answers: Any, weights: Any) -> Any:
        answers = ops.cast(answers, "float32")
        if self.odds:
            answers = ops.clip(answers, _LEAST, 1 - _LEAST)
            answers = ops.subtract(ops.log(answers), ops.log(ops.subtract(1.0, answers)))
        # Elements know nothing of one another, so the gradient of the sum holds that of each.
        return ops.multiply(self.scale, ops.sum(ops.multiply(answers, weights)))


def _has_16_bits(model: keras.Model) -> bool:
    return any("float16" in str(layer.compute_dtype) for layer in model._flatten_layers())


def scores_of(answers: np.ndarray, weights: np.ndarray, *, odds: bool) -> np.ndarray:
    """Return the score of each element, float32 `(n,)`, as `Gradients` differentiates it."""
    found = np.asarray(answers, "float64")
    if odds:
        found = found.clip(_LEAST, 1 - _LEAST)
        found = np.log(found) - np.log1p(-found)
    return np.asarray((found * weights).reshape(len(found), -1).sum(1), "float32")


Total = Callable[[Any, Any], Any]


def _of_tensorflow(model: keras.Model, wanted: int, total: Total) -> Callable[[Arrays, np.ndarray], Arrays]:
    import tensorflow as tf

    def work(inputs: Any, weights: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs[:wanted])
            score = total(model(inputs, training=False), weights)
        return tape.gradient(score, inputs[:wanted], unconnected_gradients=tf.UnconnectedGradients.ZERO)

    takes = [tf.TensorSpec(x.shape, x.dtype) for x in model.inputs]
    compiled = tf.function(work, input_signature=[takes, tf.TensorSpec(model.output_shape, tf.float32)])
    return lambda inputs, weights: compiled(
        [tf.cast(tf.convert_to_tensor(x), spec.dtype) for x, spec in zip(inputs, takes, strict=True)], weights
    )


def _of_jax(model: keras.Model, wanted: int, total: Total) -> Callable[[Arrays, np.ndarray], Arrays]:
    import jax

    def score(taken: Any, still: Any, weights: Any, trained: Any, others: Any) -> Any:
        answers, _ = model.stateless_call(trained, others, [*taken, *still], training=False)
        return total(answers, weights)

    compiled = jax.jit(jax.grad(score))
    dtypes = [x.dtype for x in model.inputs]
    batched = [x.shape[0] is None for x in model.inputs]

    def work(inputs: Arrays, weights: np.ndarray) -> Arrays:
        # One more program for each power of two, and not for each number of elements.
        more = (1 << (len(weights) - 1).bit_length()) - len(weights)
        filled = [
            ops.cast(_padded(x, more if many else 0), dtype)
            for x, many, dtype in zip(inputs, batched, dtypes, strict=True)
        ]
        weights_now = [[v.value for v in some] for some in (model.trainable_variables, model.non_trainable_variables)]
        found = compiled(filled[:wanted], filled[wanted:], _padded(weights, more), *weights_now)
        return [x[: len(weights)] for x in found]

    return work


def _padded(array: np.ndarray, more: int) -> np.ndarray:
    return np.pad(array, [(0, more)] + [(0, 0)] * (array.ndim - 1)) if more else array


def _of_torch(model: keras.Model, wanted: int, total: Total) -> Callable[[Arrays, np.ndarray], Arrays]:
    import torch

    dtypes = [x.dtype for x in model.inputs]

    def work(inputs: Arrays, weights: np.ndarray) -> Arrays:
        tensors = [ops.convert_to_tensor(np.array(x), dtype=dtype) for x, dtype in zip(inputs, dtypes, strict=True)]
        taken = [x.detach().requires_grad_() for x in tensors[:wanted]]
        with torch.enable_grad():
            score = total(model([*taken, *tensors[wanted:]], training=False), ops.convert_to_tensor(weights))
            found = torch.autograd.grad(score, taken, allow_unused=True)
        return [torch.zeros_like(x) if y is None else y.float() for x, y in zip(taken, found, strict=True)]

    return work
