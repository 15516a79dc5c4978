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

    factor: float = Field(0.04, gt=0, le=0.5)
    """Largest angle either way, as a fraction of a full turn: 0.04 is 14.4 degrees."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        import numpy as np

        from kerascnn.spec.warp import about_centre, identity

        angle = rng.uniform(-self.factor, self.factor, size=n) * 2 * np.pi
        # A quarter of a turn is np.rot90(picture, 1): against the clock, as rows count downwards.
        matrices = identity(n)
        matrices[:, 0, 0] = matrices[:, 1, 1] = np.cos(angle)
        matrices[:, 0, 1], matrices[:, 1, 0] = -np.sin(angle), np.sin(angle)
        return about_centre(matrices, height, width)
