"""The temperature of a saved model: the last layers of its graph, which plain Keras opens."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from kerascnn.evaluation.calibration import SMALLEST, Kind

_START, _SCALE, _END = "uncalibrated", "temperature", "calibrated"


def temperature_of(model: keras.Model) -> float:
    """Return the temperature of a model, 1 where it has none."""
    layer = _layer(model, _SCALE)
    return 1.0 if layer is None else 1.0 / float(layer.scale)


def without_temperature(model: keras.Model) -> keras.Model:
    """Return the model as it was trained; it shares its layers with the one that is given."""
    start = _layer(model, _START)
    return model if start is None else keras.Model(model.inputs, start.input, name=model.name)


def with_temperature(model: keras.Model, temperature: float, kind: Kind) -> keras.Model:
    """Return the model at a temperature, in the place of any that it has; it shares its layers with the one given.

    Its probabilities are softmax(log p / T), or sigmoid(logit(p) / T) for each class.
    """
    model = without_temperature(model)
    if temperature == 1.0:
        return model
    p = layers.Identity(dtype="float32", name=_START)(model.outputs[0])
    scores = ops.log(ops.maximum(p, SMALLEST))
    if kind == "sigmoid":
        scores = ops.subtract(scores, ops.log(ops.maximum(ops.subtract(1.0, p), SMALLEST)))
    scores = layers.Rescaling(1.0 / temperature, dtype="float32", name=_SCALE)(scores)
    return keras.Model(model.inputs, layers.Activation(kind, dtype="float32", name=_END)(scores), name=model.name)


def _layer(model: keras.Model, name: str) -> Any:
    """Return the layer of that name where the model ends as `with_temperature` makes it, else None."""
    if model.layers[-1].name != _END:
        return None
    return model.get_layer(name)
