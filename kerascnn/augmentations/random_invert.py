"""Turn pictures into their negatives at random (Cubuk et al. 2018, arXiv:1805.09501)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_invert")
class RandomInvert(Augmentation):
    """Replace every value `x` of some pictures by `255 - x`.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    probability: float = Field(0.1, ge=0, le=1)
    """Chance that a picture is changed."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures as negatives."""
        chosen = rng.random(len(images)) < self.probability
        changed = images.copy()
        changed[chosen] = 255 - images[chosen]
        return changed
