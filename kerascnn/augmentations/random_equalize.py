"""Equalize the histogram of pictures at random (Cubuk et al. 2018, arXiv:1805.09501)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_equalize")
class RandomEqualize(Augmentation):
    """Spread the values of each colour of some pictures so that all are about equally frequent, as Pillow does.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    probability: float = Field(0.1, ge=0, le=1)
    """Chance that a picture is changed."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures equalized."""
        import numpy as np
        from PIL import Image, ImageOps

        chosen = rng.random(len(images)) < self.probability
        changed = images.copy()
        pictures = images[..., 0] if images.shape[-1] == 1 else images
        for i in np.flatnonzero(chosen):
            changed[i] = np.asarray(ImageOps.equalize(Image.fromarray(pictures[i]))).reshape(images.shape[1:])
        return changed
