"""The fully convolutional network for series (Wang et al. 2016, arXiv:1611.06455)."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from kerascnn.backbones.series import Filters, Kernels, SeriesBackbone, activate, check_kernels, convolve, normalise
from kerascnn.spec import register


@register("series_fcn")
class SeriesFCN(SeriesBackbone):
    """Convolutions that keep the length, each with batch normalisation and ReLU, then the mean over all steps.

    Padding behind a series is left out. Shapes: `(n, l, c) -> {"P0": (n, l, filters[-1]), "out": (n, filters[-1])}`.
    """

    filters: Filters = Field([128, 256, 128], min_length=1, max_length=32)
    """Channels of each convolution."""
    kernel_sizes: Kernels = Field([8, 5, 3], min_length=1, max_length=32)
    """Steps that the kernel of each convolution spans."""

    @model_validator(mode="after")
    def _has_kernels(self) -> Self:
        check_kernels("series_fcn", self.filters, self.kernel_sizes)
        return self

    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""
        return 1 + sum(size - 1 for size in self.kernel_sizes)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last maps and their mean."""
        from kerascnn.nn.steps import mean_over_steps

        there = self.there(x)
        for i, (filters, size) in enumerate(zip(self.filters, self.kernel_sizes, strict=True), 1):
            x = normalise(convolve(x, filters, size, name=f"conv{i}"), there, f"norm{i}")
            x = activate(x, there, f"relu{i}")
        return {"P0": x, "out": mean_over_steps(x, there)}
