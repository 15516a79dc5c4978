"""Add noise to series (Um et al. 2017, arXiv:1706.00527)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("series_jitter")
class SeriesJitter(Augmentation):
    """Add normal noise to every value of every series, on its own for each step and channel.

    What is missing stays missing. Shapes: `(n, length, channels) -> (n, length, channels)`, float32.
    """

    reads: ClassVar[str] = "series"

    std: float = Field(0.05, ge=0, le=10)
    """Standard deviation of the noise, as a fraction of that of the channel in the same series."""

    def apply(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each series with its noise."""
        import numpy as np

        from kerascnn.augmentations.series_ops import deviations

        noise = rng.standard_normal(series.shape, dtype=np.float32)
        return series + np.float32(self.std) * deviations(series) * noise
