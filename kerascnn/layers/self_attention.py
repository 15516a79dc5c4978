"""Self-attention (Vaswani et al. 2017, arXiv:1706.03762)."""

from __future__ import annotations

import math
from typing import Any

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.layers.fields import Rate
from kerascnn.spec import Layer, register
from kerascnn.spec.trace import current_path

_MOST = 16_384
"""Places beyond which the table of all pairs takes more than a GiB for each element and head."""


@register("self_attention")
class SelfAttention(Layer):
    """Let every place of a map, or step of a sequence, look at all others. It knows nothing of their order.

    Memory grows with the square of the places: put it behind poolings.

    Shapes: `(n, ..., c) -> (n, ..., c)`, for maps, sequences and volumes.
    """

    heads: int = Field(4, ge=1, le=256)
    """Tables of attention beside each other."""
    key_dim: int | None = Field(None, ge=1, le=8192)
    """Numbers by which a head compares places. Left out: the channels divided by `heads`."""
    dropout: Rate = 0.0
    """Fraction of the attention set to zero while training."""
    residual: bool = True
    """Add the input to the result."""

    def apply(self, x: Any) -> Any:
        """Return what each place found."""
        from keras import layers

        channels, places = x.shape[-1], math.prod(x.shape[1:-1])
        if len(x.shape) < 3:
            raise BuildError(f"wants the places of a map or the steps of a sequence, not {x.shape[1:]}", current_path())
        if places > _MOST:
            raise BuildError(
                f"compares all {places:,} places of {tuple(x.shape[1:])} with each other; {_MOST:,} are the most: put "
                "it behind poolings or strides",
                current_path(),
            )
        if self.key_dim is None and channels % self.heads:
            raise BuildError(
                f"{self.heads} heads do not divide {channels} channels evenly; change heads, or give a key_dim",
                current_path(),
            )
        y = layers.Reshape((places, channels))(x)
        attention = layers.MultiHeadAttention(self.heads, self.key_dim or channels // self.heads, dropout=self.dropout)
        y = layers.Reshape(x.shape[1:])(attention(y, y))
        return layers.Add()([x, y]) if self.residual else y
