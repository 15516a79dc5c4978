"""The residual network for series (Wang et al. 2016, arXiv:1611.06455)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.backbones.series import Filters, Kernels, SeriesBackbone, activate, convolve, normalise
from kerascnn.spec import register


@register("series_resnet")
class SeriesResNet(SeriesBackbone):
    """Blocks of convolutions with a shortcut around each, then the mean over all steps.

    Every convolution keeps the length and is followed by batch normalisation; the shortcut has one of its own, and a
    convolution of size 1 where the channels change. Padding behind a series is left out.

    Shapes: `(n, l, c) -> {"P0": (n, l, filters[-1]), "out": (n, filters[-1])}`.
    """

    filters: Filters = Field([64, 128, 128], min_length=1, max_length=32)
    """Channels of each block; their number is the number of blocks."""
    kernel_sizes: Kernels = Field([8, 5, 3], min_length=1, max_length=16)
    """Steps that the kernels of a block span, one after another."""

    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""
        return 1 + len(self.filters) * sum(size - 1 for size in self.kernel_sizes)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the maps of the last block and their mean."""
        from kerascnn.nn.steps import mean_over_steps

        there = self.there(x)
        for i, filters in enumerate(self.filters, 1):
            x = self._block(x, there, filters, f"block{i}")
        return {"P0": x, "out": mean_over_steps(x, there)}

    def _block(self, x: Any, there: Any, filters: int, name: str) -> Any:
        from keras import layers

        y = x
        for i, size in enumerate(self.kernel_sizes, 1):
            y = normalise(convolve(y, filters, size, name=f"{name}_conv{i}"), there, f"{name}_norm{i}")
            if i < len(self.kernel_sizes):
                y = activate(y, there, f"{name}_relu{i}")
        if x.shape[-1] != filters:
            x = convolve(x, filters, 1, name=f"{name}_short")
        x = normalise(x, there, f"{name}_short_norm")
        return activate(layers.Add(name=f"{name}_add")([x, y]), there, f"{name}_out")
