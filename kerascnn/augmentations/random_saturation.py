"""Make colours stronger or paler at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_saturation")
class RandomSaturation(Augmentation):
    """Scale the distance of every pixel from the grey of its luma, as torchvision and Pillow do. Grey pictures stay.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factor: float = Field(0.2, ge=0, le=1)
    """Largest change either way: 0.2 scales by 0.8 to 1.2, and 1 goes from grey to twice the colour."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture with stronger or paler colours."""
        from kerascnn.augmentations.color_jitter import ColorJitter

        return ColorJitter(brightness=0, contrast=0, saturation=self.factor, hue=0).apply(images, rng)
