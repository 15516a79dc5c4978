"""The convolutional block attention module (Woo et al. 2018, arXiv:1807.06521)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.spatial_attention import SpatialAttention
from kerascnn.spec import Layer, register


@register("cbam")
class CBAM(Layer):
    """Reweight channels, then places. The gate of the channels looks at the mean and at the largest value of each.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    ratio: float = Field(0.0625, gt=0, le=1)
    """Width of the channels' bottleneck, as a fraction of the input channels; 1/16 in the paper."""
    kernel_size: int = Field(7, ge=1, le=99)
    """Height and width of the places' convolution, in pixels; 7 in the paper."""

    def apply(self, x: Any) -> Any:
        """Return the reweighted channels and places."""
        from keras import layers, ops

        channels = x.shape[-1]
        seen = ops.stack([ops.mean(x, (1, 2)), ops.max(x, (1, 2))], 1)
        seen = layers.Dense(max(1, round(channels * self.ratio)), activation="relu")(seen)
        gate = ops.sum(layers.Dense(channels)(seen), 1)
        gate = layers.Reshape((1, 1, channels))(layers.Activation("sigmoid")(gate))
        return SpatialAttention(kernel_size=self.kernel_size).apply(layers.Multiply()([x, gate]))
