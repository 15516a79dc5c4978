"""Slant pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Fill, Geometric, register

if TYPE_CHECKING:
    import numpy as np


@register("random_shear")
class RandomShear(Geometric):
    """Slant each picture about its centre by random amounts, bilinearly: a square becomes a parallelogram.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    x: float = Field(0.1, ge=0, le=1)
    """Largest shift of a row sideways, as a fraction of its distance from the middle row: 0.1 is 5.7 degrees."""
    y: float = Field(0.0, ge=0, le=1)
    """Largest shift of a column up or down, as a fraction of its distance from the middle column."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        from kerascnn.spec.warp import about_centre, identity

        sideways, upright = rng.uniform(-1, 1, size=(2, n))
        columns, rows = identity(n), identity(n)
        columns[:, 1, 0], rows[:, 0, 1] = upright * self.y, sideways * self.x
        # One after the other, so that no pair of amounts flattens the picture to a line.
        return about_centre(columns @ rows, height, width)
