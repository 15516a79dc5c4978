"""Mirror pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kerascnn.spec import Geometric, register

if TYPE_CHECKING:
    import numpy as np


@register("random_flip")
class RandomFlip(Geometric):
    """Mirror each picture with a chance, left to right or upside down.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    mode: Literal["horizontal", "vertical", "both"] = "horizontal"
    """horizontal swaps left and right, vertical swaps top and bottom, both draws for each on its own."""
    probability: float = Field(0.5, ge=0, le=1)
    """Chance of each mirroring."""

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        from kerascnn.spec.warp import identity

        matrices = identity(n)
        for mode, axis, size in (("horizontal", 0, width), ("vertical", 1, height)):
            chosen = rng.random(n) < self.probability
            if self.mode in (mode, "both"):
                matrices[chosen, axis, axis] = -1
                matrices[chosen, axis, 2] = size - 1
        return matrices
