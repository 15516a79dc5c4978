"""Saliency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascnn.spec import Explainer, register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Explained


@register("saliency")
class Saliency(Explainer):
    """Show where a small change would change the score most (Simonyan et al. 2013, arXiv:1312.6034).

    It is the largest gradient of a place's channels, without its sign. Shapes: `-> (n, *places)`, never below 0.
    """

    def explain(self, seen: Explained) -> np.ndarray:
        """Return the largest absolute gradient of each place."""
        import numpy as np

        rows = np.arange(len(seen.inputs))
        return np.asarray(np.abs(seen.gradients(seen.inputs, rows)).max(-1), "float32")
