"""Take the colour out of pictures at random (SimCLR, Chen et al. 2020, arXiv:2002.05709)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_grayscale")
class RandomGrayscale(Augmentation):
    """Replace the colours of some pictures by their luma (ITU-R 601). Grey pictures stay.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    probability: float = Field(0.1, ge=0, le=1)
    """Chance that a picture is changed."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures without colour."""
        import numpy as np
        from PIL import Image

        chosen = rng.random(len(images)) < self.probability
        changed = images.copy()
        if images.shape[-1] == 3:
            for i in np.flatnonzero(chosen):
                changed[i] = np.asarray(Image.fromarray(images[i]).convert("L"))[..., None]
        return changed
