"""Add noise to pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_noise")
class RandomNoise(Augmentation):
    """Add normal noise to every value of every picture, on its own for each pixel and colour.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    std: float = Field(8.0, ge=0, le=128)
    """Standard deviation of the noise in grey levels, of which there are 256."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture with its noise."""
        import numpy as np

        changed = np.empty(images.shape, "uint8")
        noise = np.empty(images.shape[1:], "float32")
        # Drawn a picture at a time, which gives the same numbers as all at once and stays in the processor's cache.
        for i, picture in enumerate(images):
            rng.standard_normal(dtype="float32", out=noise)
            noise *= np.float32(self.std)
            noise += picture
            noise += np.float32(0.5)
            changed[i] = np.clip(noise, 0, 255, out=noise)
        return changed
