"""A small convolutional network for series."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.backbones.series import Filters, SeriesBackbone, activate, convolve, halve, normalise
from kerascnn.spec import register


@register("conv1d_small")
class Conv1DSmall(SeriesBackbone):
    """Blocks of a convolution with batch normalisation and ReLU, each halving the steps, then the mean over all steps.

    Padding behind a series is left out.

    Shapes: `(n, l, c) -> {"P1": (n, l/2, filters[0]), "P2": (n, l/4, filters[1]), ..., "out": (n, filters[-1])}`.
    """

    filters: Filters = Field([32, 64, 128], min_length=1, max_length=12)
    """Channels of each block; their number is the number of blocks."""
    kernel_size: int = Field(5, ge=1, le=4096)
    """Steps that each convolution spans."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the channels set to zero after each block while training; 0 for none."""

    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""
        return 1 + self.kernel_size * (2 ** len(self.filters) - 1)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of each block, and the mean of the last."""
        from keras import layers

        from kerascnn.nn.steps import mean_over_steps

        there = self.there(x)
        features = {}
        for i, filters in enumerate(self.filters, 1):
            x = convolve(x, filters, self.kernel_size, name=f"block{i}_conv", use_bias=False)
            x = activate(normalise(x, there, f"block{i}_norm"), there, f"block{i}_relu")
            x, there = halve(x, there, f"block{i}_pool")
            if self.dropout:
                x = layers.SpatialDropout1D(self.dropout, name=f"block{i}_dropout")(x)
            features[f"P{i}"] = x
        return {**features, "out": mean_over_steps(x, there)}
