"""The kernels of a network: which they are, which of their weights are large, and constraints that mask them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

# Names of weights: TensorFlow has "conv1/bias:0" for what is "bias" elsewhere.
_WHOLE = re.compile(r"(^|/)(bias|gamma|beta|embeddings)(:\d+)?$")


@keras.saving.register_keras_serializable(package="kerascnn")
class Masked(keras.constraints.Constraint):
    """Multiply a weight with a mask of zeros and ones, after another constraint where there is one."""

    def __init__(self, mask: Any, own: Any = None):
        self.mask, self.own = mask, own

    def __call__(self, weight: Any) -> Any:
        """Return the weight with zeros where the mask has them."""
        value = weight if self.own is None else self.own(weight)
        return keras.ops.multiply(value, keras.ops.cast(self.mask, weight.dtype))


def kernels_of(model: keras.Model, *, spare_last: bool = False) -> list[Any]:
    """Return the trained weights of a network with two dimensions or more: no biases, no normalisation, no tables.

    With `spare_last` those of the last layer of its head that has weights are left out.
    """
    spared: set[int] = set()
    if spare_last:
        last = next(layer for layer in reversed(model.get_layer("head").layers) if layer.weights)
        spared = {id(weight) for weight in last.weights}
    return [
        weight
        for weight in model.trainable_weights
        if len(weight.shape) >= 2 and not _WHOLE.search(weight.path) and id(weight) not in spared
    ]


def largest(values: np.ndarray, share: float) -> np.ndarray:
    """Return 0 for the smallest magnitudes, this share of all, and 1 for the others. Of equal ones the first go first.

    >>> largest(np.array([[3.0, -1.0], [0.5, -2.0]]), 0.5).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    mask = np.ones(values.size, "float32")
    order = np.argsort(np.abs(values).ravel(), kind="stable")
    mask[order[: round(share * values.size)]] = 0
    return mask.reshape(values.shape)


def zeros(weight: Any) -> int:
    """Return how many numbers of a weight are 0."""
    values = numbers(weight)
    return int(values.size - np.count_nonzero(values))


def numbers(weight: Any) -> np.ndarray:
    """Return a copy of a weight: JAX gives the memory of an array that training has used away."""
    return np.array(keras.ops.convert_to_numpy(weight))


def add_or_share(
    optimizer: Any, weights: Sequence[Any], name: str, known: Sequence[Any], *, initializer: str = "zeros"
) -> list[Any]:
    """Return a variable of the optimizer for each weight: those that are known from another one, or new ones.

    An optimizer's variables are in checkpoints, and a step sees their values with every backend.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # within one that scales the loss
    if not known:
        return [inner.add_variable_from_reference(weight, name=name, initializer=initializer) for weight in weights]
    for variable in known:
        inner._track_variable(variable)  # Keras has no public way to share one
    return list(known)
