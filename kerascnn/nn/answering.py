"""The answers of a network that is not trained: from any thread, and apart from the devices that share training.

Each backend of Keras has its own way to compile a network for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def answering(model: keras.Model) -> Callable[[Any], np.ndarray]:
    """Return a function that gives a network's answers to a batch, float32, as it is saved: nothing drops out.

    Keras's own `predict_on_batch` would share the batch among the devices that train, and the processes.
    """
    name = keras.backend.backend()
    if name == "jax":
        return _with_jax(model)
    if name == "tensorflow":
        import tensorflow as tf

        compiled = tf.function(lambda elements: model(elements, training=False), reduce_retracing=True)
        return lambda elements: _numbers(compiled(keras.tree.map_structure(tf.convert_to_tensor, elements)))

    def with_torch(elements: Any) -> np.ndarray:
        import torch

        with torch.no_grad():
            return _numbers(model(elements, training=False))

    return with_torch


def _with_jax(model: keras.Model) -> Callable[[Any], np.ndarray]:
    import jax

    device = jax.local_devices()[0]
    groups = (model.trainable_variables, model.non_trainable_variables)
    weights, others = ([jax.device_put(np.asarray(v.value), device) for v in group] for group in groups)
    step = jax.jit(lambda own, rest, elements: model.stateless_call(own, rest, elements, training=False)[0])
    return lambda elements: _numbers(step(weights, others, elements))


def _numbers(found: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(found), "float32")
