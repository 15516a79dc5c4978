"""Stretch the values of pictures to the whole range at random (Cubuk et al. 2018, arXiv:1805.09501)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_autocontrast")
class RandomAutocontrast(Augmentation):
    """Stretch each colour of some pictures so that its lowest value becomes 0 and its highest 255, as Pillow does.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    probability: float = Field(0.1, ge=0, le=1)
    """Chance that a picture is changed."""
    cutoff: float = Field(0.0, ge=0, le=0.4)
    """Fraction of the values at either end that are left out of account: 0.01 ignores the darkest and brightest 1 %."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures stretched to the whole range."""
        import numpy as np
        from PIL import Image, ImageOps

        chosen = rng.random(len(images)) < self.probability
        changed = images.copy()
        pictures = images[..., 0] if images.shape[-1] == 1 else images
        for i in np.flatnonzero(chosen):
            stretched = ImageOps.autocontrast(Image.fromarray(pictures[i]), 100 * self.cutoff)
            changed[i] = np.asarray(stretched).reshape(images.shape[1:])
        return changed
