"""Shift pictures at random: a border, then a crop of the old size (He et al. 2015, arXiv:1512.03385, section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Fill, Geometric, register

if TYPE_CHECKING:
    import numpy as np


@register("random_crop")
class RandomCrop(Geometric):
    """Put a border around each picture and cut the old size out of it at a random place.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    padding: int = Field(4, ge=1, le=512)
    """Width of the border, in pixels; the picture moves by this much at the most."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        from kerascnn.spec.warp import identity

        # A mirrored border cannot be wider than the picture.
        pad = min(self.padding, height - 1, width - 1) if self.fill == "reflect" else self.padding
        top, left = rng.integers(0, 2 * pad + 1, size=(2, n))
        matrices = identity(n)
        matrices[:, 0, 2], matrices[:, 1, 2] = left - pad, top - pad
        return matrices
