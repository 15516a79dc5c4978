"""Look at pictures from random sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Fill, Geometric, register

if TYPE_CHECKING:
    import numpy as np


@register("random_perspective")
class RandomPerspective(Geometric):
    """Show each picture as if its plane were tilted: every corner shows a random place near that corner.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    scale: float = Field(0.1, gt=0, lt=0.25)
    """Largest distance from a corner to the place that it shows, along each side, as a fraction of that side."""
    fill: Fill = "zeros"

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        import numpy as np

        # Below a quarter of the side, four corners stay the corners of a convex figure, which has one such matrix.
        size = np.array([max(width - 1, 1), max(height - 1, 1)])
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
        shown = corners + rng.uniform(-self.scale, self.scale, size=(n, 4, 2)) * size
        # u = m0 x + m1 y + m2 and u = x' w, with w = m6 x + m7 y + 1; the same for v and y'.
        x, y = np.broadcast_to(corners.T, (n, 2, 4)).transpose(1, 0, 2)
        one, zero = np.ones((n, 4)), np.zeros((n, 4))
        u, v = shown[..., 0], shown[..., 1]
        equations = np.concatenate(
            [
                np.stack([x, y, one, zero, zero, zero, -x * u, -y * u], axis=-1),
                np.stack([zero, zero, zero, x, y, one, -x * v, -y * v], axis=-1),
            ],
            axis=1,
        )
        found = np.linalg.solve(equations, np.concatenate([u, v], axis=1)[..., None])[..., 0]
        return np.concatenate([found, np.ones((n, 1))], axis=1).reshape(n, 3, 3)
