"""Grad-CAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascnn.explainers.cam import ActivationMap
from kerascnn.spec import register

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec.explained import Features


@register("grad_cam")
class GradCam(ActivationMap):
    """Weigh each feature map with the mean of its gradient (Selvaraju et al. 2016, arXiv:1610.02391).

    Coarse and calm: it says which region speaks for the class. Where a network does not end in a mean over its maps,
    `hires_cam` is truer to what it computes. Shapes: `-> (n, *places)`, never below 0.
    """

    def weighed(self, features: Features) -> np.ndarray:
        """Return the maps weighed by their mean gradients."""
        import numpy as np

        places = tuple(range(1, features.gradients.ndim - 1))
        weights = features.gradients.mean(places, keepdims=True)
        return np.asarray((features.values * weights).sum(-1), "float32")
