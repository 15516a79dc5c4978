"""Make parts of series faster and others slower (Um et al. 2017, arXiv:1706.00527)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_GRID = 512


@register("time_warp")
class TimeWarp(Augmentation):
    """Run through each series at a speed that changes smoothly; its first and last step and its length stay.

    The speed is a cubic spline through random numbers, in its logarithm: the paper has the speed itself, which may
    become negative and turn time back. Values between two steps are interpolated linearly, and what is missing moves
    along. Shapes: `(n, length, channels) -> (n, length, channels)`, float32.
    """

    reads: ClassVar[str] = "series"

    std: float = Field(0.2, ge=0, le=2)
    """Standard deviation of the speed's logarithm: with 0.2, the speed is mostly between 0.8 and 1.25."""
    knots: int = Field(4, ge=0, le=100)
    """Random numbers between the two at the ends: the more, the faster the speed changes."""

    def apply(self, series: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, the time of each series warped."""
        import numpy as np

        from kerascnn.augmentations.series_ops import at_places, lengths

        length = lengths(series)
        warp = self._warps(len(series), rng)
        # Where each step stands on the grid of its warp, as a number from 0 to its last point.
        last = np.maximum(length - 1, 1)[:, None]
        steps = np.minimum(np.arange(series.shape[1]), last) * (_GRID / last)
        below = np.minimum(steps.astype(int), _GRID - 1)
        rows = np.arange(len(series))[:, None]
        low, high = warp[rows, below], warp[rows, below + 1]
        return at_places(series, (low + (steps - below) * (high - low)) * last, length)

    def _warps(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return which part of a series has gone by at even moments: `(n, points)`, rising from 0 to 1."""
        import numpy as np
        from scipy.interpolate import CubicSpline

        knots = np.linspace(0, 1, self.knots + 2)
        curve = CubicSpline(knots, self.std * rng.standard_normal((self.knots + 2, n)))
        # A spline may swing far beyond its knots.
        speed = np.exp(np.clip(curve(np.linspace(0, 1, _GRID + 1)).T, -4, 4))
        gone = np.zeros((n, _GRID + 1))
        gone[:, 1:] = np.cumsum((speed[:, 1:] + speed[:, :-1]) / 2, axis=1)
        return gone / gone[:, -1:]
