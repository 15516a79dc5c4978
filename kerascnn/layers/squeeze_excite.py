"""Squeeze-and-excitation (Hu et al. 2017, arXiv:1709.01507)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Layer, register


@register("squeeze_excite")
class SqueezeExcite(Layer):
    """Reweight channels by a gate computed from their global averages.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    ratio: float = Field(0.25, gt=0, le=1)
    """Width of the bottleneck, as a fraction of the input channels."""

    def apply(self, x: Any) -> Any:
        """Return the reweighted channels."""
        from keras import layers

        channels = x.shape[-1]
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Dense(max(1, round(channels * self.ratio)), activation="relu")(gate)
        gate = layers.Dense(channels, activation="sigmoid")(gate)
        return layers.Multiply()([x, gate])
