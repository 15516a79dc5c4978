"""Efficient channel attention (Wang et al. 2019, arXiv:1910.03151)."""

from __future__ import annotations

import math
from typing import Any

from pydantic import Field

from kerascnn.spec import Layer, register


@register("eca")
class ECA(Layer):
    """Reweight channels by a gate that one short convolution over their means computes: a handful of weights.

    Shapes: `(n, ..., c) -> (n, ..., c)`, for maps, sequences and volumes.
    """

    kernel_size: int | None = Field(None, ge=1, le=1023)
    """Neighbouring channels that each gate looks at. Left out: (log2(c) + 1) / 2 rounded to an odd number, as in the
    paper: 3 for 8 to 64 channels, 5 for 128 to 1024."""

    def apply(self, x: Any) -> Any:
        """Return the reweighted channels."""
        from keras import layers, ops

        channels = x.shape[-1]
        gate = ops.mean(x, tuple(range(1, len(x.shape) - 1)))
        gate = layers.Reshape((channels, 1))(gate)
        gate = layers.Conv1D(1, self._size(channels), padding="same", use_bias=False, activation="sigmoid")(gate)
        gate = layers.Reshape((*(1,) * (len(x.shape) - 2), channels))(gate)
        return layers.Multiply()([x, gate])

    def _size(self, channels: int) -> int:
        size = int((math.log2(channels) + 1) / 2)
        return self.kernel_size or size + (size % 2 == 0)
