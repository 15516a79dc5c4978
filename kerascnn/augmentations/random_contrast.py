"""Raise or lower the contrast of pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_contrast")
class RandomContrast(Augmentation):
    """Scale the distance of every value from the picture's mean grey, as torchvision and Pillow do.

    The mean is that of the luma, one number for all three colours: a colour cast is scaled too, not kept.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factor: float = Field(0.2, ge=0, le=1)
    """Largest change either way: 0.2 scales by 0.8 to 1.2, and 1 goes from an even grey to twice the contrast."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture with more or less contrast."""
        from kerascnn.augmentations.color_jitter import ColorJitter

        return ColorJitter(brightness=0, contrast=self.factor, saturation=0, hue=0).apply(images, rng)
