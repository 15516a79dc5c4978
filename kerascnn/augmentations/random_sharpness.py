"""Sharpen or soften pictures at random (Cubuk et al. 2018, arXiv:1805.09501)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_sharpness")
class RandomSharpness(Augmentation):
    """Scale the distance of every pixel from the smoothed picture, as torchvision and Pillow do.

    The smoothed picture is the mean of 3 x 3 pixels, the middle one weighing five times as much; the outermost pixels
    stay.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factor: float = Field(0.5, ge=0, le=1)
    """Largest change either way: 0.5 scales by 0.5 to 1.5, and 1 goes from the smoothed picture to a sharpened one."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture sharper or softer."""
        import numpy as np

        factors = rng.uniform(1 - self.factor, 1 + self.factor, size=len(images)).astype("float32")
        changed = images.copy()
        for i, factor in enumerate(factors):
            values = images[i].astype("uint16")
            rows = values[:-2] + values[1:-1] + values[2:]
            square = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
            # Where the smoothed pixel is (square + 4 x) / 13, this is smoothed + factor (x - smoothed).
            sharper = values[1:-1, 1:-1] * (factor + (1 - factor) * np.float32(4 / 13))
            sharper += square * ((1 - factor) * np.float32(1 / 13))
            sharper += np.float32(0.5)
            changed[i, 1:-1, 1:-1] = np.clip(sharper, 0, 255, out=sharper)
        return changed
