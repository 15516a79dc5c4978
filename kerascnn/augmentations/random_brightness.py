"""Make pictures brighter or darker at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_brightness")
class RandomBrightness(Augmentation):
    """Add a random number to every value of a picture, as Keras's `RandomBrightness` does.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factor: float = Field(0.2, ge=0, le=1)
    """Largest change either way, as a fraction of the range of values: 0.2 adds or takes 51 grey levels at the most."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture brighter or darker."""
        from kerascnn.augmentations.color_jitter import ColorJitter

        return ColorJitter(brightness=self.factor, contrast=0, saturation=0, hue=0).apply(images, rng)
