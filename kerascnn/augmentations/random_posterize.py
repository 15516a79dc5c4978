"""Take fine shades out of pictures at random (Cubuk et al. 2018, arXiv:1805.09501)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_Bits = Annotated[int, Field(ge=1, le=8)]


@register("random_posterize")
class RandomPosterize(Augmentation):
    """Keep only the highest bits of every value of some pictures, each with its own number of bits.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    bits: Annotated[tuple[_Bits, _Bits], Field(strict=False), AfterValidator(ordered)] = (4, 7)
    """Bits that are kept, [lowest, highest], both included: 1 leaves two shades of each colour, 8 leaves all 256."""
    probability: float = Field(0.5, ge=0, le=1)
    """Chance that a picture is changed."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures with fewer shades."""
        import numpy as np

        n = len(images)
        chosen = rng.random(n) < self.probability
        bits = rng.integers(self.bits[0], self.bits[1] + 1, size=n)
        bits[~chosen] = 8
        masks = (0xFF00 >> bits & 0xFF).astype("uint8")
        return np.bitwise_and(images, masks[:, None, None, None])
