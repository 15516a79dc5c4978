"""Integrated gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Explainer, register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Explained


@register("integrated_gradients")
class IntegratedGradients(Explainer):
    """Share the score's difference from that of nothing out among the places (Sundararajan et al., arXiv:1703.01365).

    Gradients are added up on the straight way from nothing (a black picture, padding, zeros) to the element, so that a
    map sums up to the difference of the two scores, the better the more steps there are. What is like nothing gets
    nothing: black pixels of a picture. Shapes: `-> (n, *places)`, of both signs.
    """

    signed: ClassVar[bool] = True

    steps: int = Field(50, ge=1, le=10_000)
    """Places on the way at which gradients are taken, in the middle of as many equal parts."""

    def explain(self, seen: Explained) -> np.ndarray:
        """Return the attributions of each place, summed over its channels."""
        import numpy as np

        way = seen.inputs - seen.empty
        rows = np.arange(len(way))
        total = np.zeros(way.shape, "float64")
        for step in range(self.steps):
            total += seen.gradients(seen.empty + np.float32((step + 0.5) / self.steps) * way, rows)
        return np.asarray((way * total / self.steps).sum(-1), "float32")
