"""Coordinate attention (Hou et al. 2021, arXiv:2103.02907) as a layer of kerascnn."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Layer, register


@register("attention")
class CoordAttention(Layer):
    """Reweight each channel by a gate for its row and a gate for its column, so that it knows where it looks.

    The means of the rows and of the columns go through one convolution of few channels, and come apart again.
    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    reduction: int = Field(32, ge=1, le=1024)
    """By what the number of channels is divided between the means and the gates; 32 in the paper."""
    least: int = Field(8, ge=1, le=1024)
    """How many channels are left there at the least; 8 in the paper."""

    def apply(self, x: Any) -> Any:
        """Return the reweighted channels."""
        from keras import layers, ops

        height, channels = x.shape[1], x.shape[-1]
        rows = ops.mean(x, axis=2, keepdims=True)
        columns = ops.transpose(ops.mean(x, axis=1, keepdims=True), (0, 2, 1, 3))
        both = layers.Concatenate(axis=1)([rows, columns])
        both = layers.Conv2D(max(self.least, channels // self.reduction), 1, use_bias=False)(both)
        both = layers.Activation("hard_swish")(layers.BatchNormalization()(both))
        down = layers.Conv2D(channels, 1, activation="sigmoid")(both[:, :height])
        across = layers.Conv2D(channels, 1, activation="sigmoid")(both[:, height:])
        return layers.Multiply()([x, down, ops.transpose(across, (0, 2, 1, 3))])
