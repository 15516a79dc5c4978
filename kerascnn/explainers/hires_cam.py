"""HiResCAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascnn.explainers.cam import ActivationMap
from kerascnn.spec import register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Features


@register("hires_cam")
class HiresCam(ActivationMap):
    """Weigh each place of the feature maps with its own gradient (Draelos and Carin 2020, arXiv:2011.08891).

    It shows only places that the network used, where Grad-CAM's means may show others. Shapes: `-> (n, *places)`,
    never below 0.
    """

    def weighed(self, features: Features) -> np.ndarray:
        """Return the products of maps and gradients."""
        import numpy as np

        return np.asarray((features.values * features.gradients).sum(-1), "float32")
