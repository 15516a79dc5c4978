"""Xception: Inception with every channel convolved on its own."""

from __future__ import annotations

from typing import Any

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, Pretrained, register

_EPSILON = 1e-3


@register("xception")
class Xception(Backbone):
    """Depthwise separable convolutions with shortcuts (Chollet 2016, arXiv:1610.02357), as in Keras.

    The two convolutions of the stem do not pad; everything after them does. Keras's own takes pictures from 71 x 71 on,
    the paper's are 299 x 299.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32; of 299 x 299, 147, 74, 37, 19 and 10.
    """

    def pretrained(self) -> Pretrained:
        """Return Keras's Xception."""
        return Pretrained("Xception", "symmetric")

    def apply(self, x: Any) -> dict[str, Any]:
        """Return what stands before each halving, and the last block."""
        for i, (filters, strides) in enumerate(((32, 2), (64, 1)), 1):
            x = convolve(x, filters, 3, strides=strides, padding="valid", name=f"block1_conv{i}")
            x = activate(_normalise(x, f"block1_conv{i}"), f"block1_relu{i}")
        features = {"P1": x}
        for block, filters in ((2, 128), (3, 256), (4, 728)):
            x = _halving(x, filters, filters, f"block{block}", rectified=block == 2)
            features[f"P{block}"] = x
        for block in range(5, 13):
            x = _residual(x, f"block{block}")
        features["P4"] = x
        x = _halving(x, 728, 1024, "block13")
        for i, filters in enumerate((1536, 2048), 1):
            x = activate(_separable(x, filters, f"block14_conv{i}"), f"block14_relu{i}")
        return {**features, "P5": x}


def _halving(x: Any, first: int, second: int, name: str, *, rectified: bool = False) -> Any:
    """Return a block that halves height and width; `rectified` says that `x` comes from a ReLU already."""
    from keras import layers

    y = x if rectified else activate(x, f"{name}_relu1")
    y = _separable(y, first, f"{name}_conv1")
    y = _separable(activate(y, f"{name}_relu2"), second, f"{name}_conv2")
    y = layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(y)
    short = _normalise(convolve(x, second, 1, strides=2, name=f"{name}_short"), f"{name}_short")
    return layers.Add(name=f"{name}_add")([y, short])


def _residual(x: Any, name: str) -> Any:
    """Return a block of the middle, which leaves the shape as it is."""
    from keras import layers

    y = x
    for i in (1, 2, 3):
        y = _separable(activate(y, f"{name}_relu{i}"), x.shape[-1], f"{name}_conv{i}")
    return layers.Add(name=f"{name}_add")([y, x])


def _separable(x: Any, filters: int, name: str) -> Any:
    from keras import layers

    return _normalise(layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x), name)


def _normalise(x: Any, name: str) -> Any:
    return normalise(x, f"{name}_norm", epsilon=_EPSILON)
