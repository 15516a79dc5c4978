"""Mirror pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_flip")
class RandomFlip(Augmentation):
    """Mirror each picture with a chance, left to right or upside down.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    mode: Literal["horizontal", "vertical", "both"] = "horizontal"
    """horizontal swaps left and right, vertical swaps top and bottom, both draws for each on its own."""
    probability: float = Field(0.5, ge=0, le=1)
    """Chance of each mirroring."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures mirrored."""
        images = images.copy()
        for mode, axis in (("horizontal", 2), ("vertical", 1)):
            chosen = rng.random(len(images)) < self.probability
            if self.mode in (mode, "both"):
                flipped = images[chosen]
                images[chosen] = flipped[:, :, ::-1] if axis == 2 else flipped[:, ::-1]
        return images
