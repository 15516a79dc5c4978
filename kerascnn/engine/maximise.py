"""Pictures that a network makes most of: of a class, or of a channel of a layer."""

from __future__ import annotations

import keras
import numpy as np
from scipy.ndimage import gaussian_filter

from kerascnn.engine.gradients import Gradients
from kerascnn.engine.network import Network
from kerascnn.errors import UsageError

_STEPS = 128
_STEP = 0.02
"""Length of a step, in parts of the way from black to white, of a picture's mean pixel."""
_BLUR, _OFTEN = 0.5, 4
"""Every fourth step, a blur takes away what changes from pixel to pixel (Yosinski et al. 2015, arXiv:1506.06579)."""
_NOISE = 0.1


def best_pictures(network: Network, weights: np.ndarray, gradients: Gradients, seed: int = 0) -> np.ndarray:
    """Return the pictures at whose scores steps along the gradient arrive, uint8 `(n, h, w, c)`.

    They begin with noise around grey, the same for each, and stay within black and white (Simonyan et al. 2013,
    arXiv:1312.6034; Yosinski et al. 2015, arXiv:1506.06579). Raises UsageError where the model prepares pictures in a
    way that cannot be gone back.
    """
    black, scale = _colours(network)
    size = tuple(network.backbone.input.shape[1:3])
    channels = len(black)
    noise = np.random.default_rng(seed).normal(0.5, _NOISE, (*size, channels))
    x = np.repeat(noise[None], len(weights), 0).clip(0, 1)
    for step in range(_STEPS):
        (found,) = gradients([np.asarray(x @ scale + black, "float32")], weights)
        way = found @ scale.T
        length = np.sqrt((way**2).mean((1, 2, 3), keepdims=True))
        x = (x + _STEP * way / np.maximum(length, 1e-12)).clip(0, 1)
        if step % _OFTEN == _OFTEN - 1 and step < _STEPS - _OFTEN:
            x = gaussian_filter(x, (0, _BLUR, _BLUR, 0), mode="nearest")
    return np.asarray((255 * x).round(), "uint8")


def of_classes(network: Network, numbers: list[int], seed: int = 0) -> np.ndarray:
    """Return the picture of each class that the network makes most of. Raises UsageError."""
    if network.task.reads != "image" or network.task.output not in ("classes", "each_class", "values"):
        raise UsageError(f"{network.task.type_name} has no answer for a whole picture that could be made the largest")
    weights = np.eye(len(network.labels), dtype="float32")[numbers]
    return best_pictures(network, weights, network.whole, seed)


def of_channels(network: Network, layer: str, channels: list[int], seed: int = 0) -> np.ndarray:
    """Return the picture of each of these channels that makes its mean largest. Raises UsageError."""
    if network.task.reads != "image":
        raise UsageError(f"{network.task.reads} data has no pictures to make")
    (tap,) = network.taps(layer)
    model = keras.Model([network.backbone.input], tap)
    shape = tuple(tap.shape[1:])
    weights = np.zeros((len(channels), *shape), "float32")
    for row, channel in enumerate(channels):
        weights[row, ..., channel] = 1 / np.prod(shape[:-1])
    return best_pictures(network, weights, Gradients(model, 1, odds=False), seed)


def _colours(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Return what the backbone gets of black, and how each full channel changes it, `(channels, channels)`."""
    shape = tuple(network.model.input_shape[1:])
    probes = np.zeros((1 + shape[-1], *shape), "uint8")
    for channel in range(shape[-1]):
        probes[1 + channel, ..., channel] = 255
    found = network.inputs(probes).astype("float64").mean((1, 2))
    scale = found[1:] - found[0]
    if np.linalg.matrix_rank(scale) < shape[-1]:
        raise UsageError("the model normalises each picture by itself, so no picture can be made from what it sees")
    return found[0], scale
