"""Shift pictures at random, by fractions of their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Fill, Geometric, register

if TYPE_CHECKING:
    import numpy as np


@register("random_translation")
class RandomTranslation(Geometric):
    """Shift each picture by a random part of its height and of its width, bilinearly.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    height: float = Field(0.1, ge=0, le=1)
    """Largest shift up or down, as a fraction of the height."""
    width: float = Field(0.1, ge=0, le=1)
    """Largest shift to the left or the right, as a fraction of the width."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        from kerascnn.spec.warp import identity

        down, right = rng.uniform(-1, 1, size=(2, n))
        matrices = identity(n)
        matrices[:, 0, 2] = -right * self.width * width
        matrices[:, 1, 2] = -down * self.height * height
        return matrices
