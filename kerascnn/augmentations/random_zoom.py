"""Enlarge or shrink pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Fill, Geometric, register

if TYPE_CHECKING:
    import numpy as np

Factor = Annotated[float, Field(ge=0.1, le=10)]


@register("random_zoom")
class RandomZoom(Geometric):
    """Scale each picture about its centre by a random factor, bilinearly.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factors: Annotated[tuple[Factor, Factor], Field(strict=False), AfterValidator(ordered)] = (0.8, 1.25)
    """Smallest and largest factor: 2 shows things twice as large, 0.5 half as large. Drawn evenly in its logarithm."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        import numpy as np

        from kerascnn.spec.warp import about_centre, identity

        low, high = np.log(self.factors)
        matrices = identity(n)
        matrices[:, 0, 0] = matrices[:, 1, 1] = np.exp(-rng.uniform(low, high, size=n))
        return about_centre(matrices, height, width)
