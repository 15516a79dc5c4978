"""Make series larger or smaller (Um et al. 2017, arXiv:1706.00527)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("series_scaling")
class SeriesScaling(Augmentation):
    """Multiply each channel of each series by a random factor about 1.

    A model that brings every channel to variance 1 (`model.preprocess.normalize: each`) sees nothing of it: this is for
    models that look at the level. Shapes: `(n, length, channels) -> (n, length, channels)`, float32.
    """

    reads: ClassVar[str] = "series"

    std: float = Field(0.1, ge=0, le=1)
    """Standard deviation of the factor's logarithm: with 0.1, two factors of three are between 0.9 and 1.1."""

    def apply(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each channel with its factor."""
        import numpy as np

        n, _, channels = series.shape
        # In the logarithm, so that no factor turns a series upside down.
        factors = np.exp(self.std * rng.standard_normal((n, 1, channels)))
        return series * factors.astype("float32")
