"""The statistics of batch normalisation, computed anew for weights that no training step has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from kerascnn.nn.kernels import numbers


class Statistics:
    """The statistics of a network's batch normalisation, where it is trained: frozen ones stay as they are."""

    def __init__(self, model: keras.Model):
        self.model = model
        # Keras has no public way to see the layers inside layers.
        layers = model._flatten_layers(include_self=False, recursive=True)
        self.norms = [
            layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        ]
        self._forward: Callable[[Any], Any] | None = None

    def __len__(self) -> int:
        return len(self.norms)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Put all that steps move besides weights back in the end: statistics, and the state of random generators."""
        kept = [(variable, numbers(variable)) for variable in self.model.non_trainable_variables]
        try:
            yield
        finally:
            for variable, value in kept:
                variable.assign(value)

    def compute(self, batch: Callable[[int], Any], count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return for each layer the mean over so many batches of a batch's mean, and of its variance.

        Elements go through the network as in a training step; `batch` gives them by number. What a step leaves is
        momentum * before + (1 - momentum) * the batch's, so before is set to 0.
        """
        if not self.norms:
            return []
        if self._forward is None:
            self._forward = _forward(self.model)
        sums = [(np.zeros(norm.moving_mean.shape), np.zeros(norm.moving_mean.shape)) for norm in self.norms]
        for number in range(count):
            self.put([(np.zeros_like(mean), np.zeros_like(variance)) for mean, variance in sums])
            self._forward(batch(number))
            for norm, (mean, variance) in zip(self.norms, sums, strict=True):
                mean += numbers(norm.moving_mean) / (1 - norm.momentum) / count
                variance += numbers(norm.moving_variance) / (1 - norm.momentum) / count
        return sums

    def put(self, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """Give the layers these means and variances."""
        for norm, (mean, variance) in zip(self.norms, found, strict=True):
            norm.moving_mean.assign(mean.astype("float32"))
            norm.moving_variance.assign(variance.astype("float32"))


def _forward(model: keras.Model) -> Callable[[Any], Any]:
    """Return a function that lets elements through a network as in training, and what moves with that move."""
    name = keras.backend.backend()
    if name == "jax":
        return _forward_jax(model)
    if name == "tensorflow":
        import tensorflow as tf

        compiled = tf.function(lambda elements: model(elements, training=True), reduce_retracing=True)
        return lambda elements: compiled(keras.tree.map_structure(tf.convert_to_tensor, elements))
    return lambda elements: model(elements, training=True)


def _forward_jax(model: keras.Model) -> Callable[[Any], None]:
    import jax

    step = jax.jit(lambda weights, others, elements: model.stateless_call(weights, others, elements, training=True)[1])

    def forward(elements: Any) -> None:
        others = list(model.non_trainable_variables)
        values = step([v.value for v in model.trainable_variables], [v.value for v in others], elements)
        for variable, value in zip(others, values, strict=True):
            variable.assign(value)

    return forward
