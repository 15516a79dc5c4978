"""Turn the colours of pictures round the colour circle at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_hue")
class RandomHue(Augmentation):
    """Turn the colours of each picture by a random angle, as a rotation of I and Q in YIQ. Grey pictures stay.

    Luma is kept. The angle is that of YIQ, which comes near that of HSV but is not the same.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factor: float = Field(0.05, ge=0, le=0.5)
    """Largest turn either way, as a fraction of the colour circle: 0.05 is 18 degrees, 0.5 reaches every hue."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture with its colours turned."""
        from kerascnn.augmentations.color_jitter import ColorJitter

        return ColorJitter(brightness=0, contrast=0, saturation=0, hue=self.factor).apply(images, rng)
