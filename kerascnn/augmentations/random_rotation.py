"""Turn pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Fill, Geometric, register

if TYPE_CHECKING:
    import numpy as np


@register("random_rotation")
class RandomRotation(Geometric):
    """Turn each picture about its centre by a random angle, bilinearly.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    degrees: float = Field(15.0, gt=0, le=180)
    """Largest angle either way, in degrees."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        import numpy as np

        from kerascnn.spec.warp import about_centre, identity

        angle = np.deg2rad(rng.uniform(-self.degrees, self.degrees, size=n))
        # A quarter of a turn is np.rot90(picture, 1): against the clock, as rows count downwards.
        matrices = identity(n)
        matrices[:, 0, 0] = matrices[:, 1, 1] = np.cos(angle)
        matrices[:, 0, 1], matrices[:, 1, 0] = -np.sin(angle), np.sin(angle)
        return about_centre(matrices, height, width)
