"""Spatial attention: the second half of CBAM (Woo et al. 2018, arXiv:1807.06521)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Layer, register


@register("spatial_attention")
class SpatialAttention(Layer):
    """Reweight places by a gate that a convolution computes from the mean and the largest channel of each place.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    kernel_size: int = Field(7, ge=1, le=99)
    """Height and width of the convolution, in pixels; 7 in the paper."""

    def apply(self, x: Any) -> Any:
        """Return the reweighted places."""
        from keras import layers, ops

        seen = layers.Concatenate()([ops.mean(x, -1, keepdims=True), ops.max(x, -1, keepdims=True)])
        gate = layers.Conv2D(1, self.kernel_size, padding="same", use_bias=False, activation="sigmoid")(seen)
        return layers.Multiply()([x, gate])
