"""Cut random windows out of series and stretch them to the old length (Le Guennec et al. 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("window_slice")
class WindowSlice(Augmentation):
    """Cut a window out of each series at a random place and stretch it to the series' length, linearly.

    Shapes: `(n, length, channels) -> (n, length, channels)`, float32.
    """

    reads: ClassVar[str] = "series"

    fraction: float = Field(0.9, gt=0, le=1)
    """Length of the window, as a fraction of that of the series."""

    def apply(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, a window of each series in its place."""
        import numpy as np

        from kerascnn.augmentations.series_ops import at_places, lengths

        length = lengths(series)
        # Measured between the first and the last step, a window never shows what lies outside.
        spare = (1 - self.fraction) * np.maximum(length - 1, 0)
        start = rng.random(len(series)) * spare
        places = start[:, None] + self.fraction * np.arange(series.shape[1])
        return at_places(series, places, length)
