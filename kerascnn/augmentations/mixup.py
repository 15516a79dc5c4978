"""Lay pictures of a batch over one another, and their targets too (Zhang et al. 2017, arXiv:1710.09412)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Mixing, register

if TYPE_CHECKING:
    import numpy as np


@register("mixup")
class Mixup(Mixing):
    """Blend each picture with another of its batch, and its target with the other's in the same shares.

    A picture may be drawn to be blended with itself, as in the paper; the paper draws one share for a whole batch, here
    each picture has its own. Shares are whole numbers of 1/256, so that the target says exactly what the picture shows.

    Shapes: `(n, h, w, c), (n, classes) -> (n, h, w, c), (n, classes)`, uint8 and float32.
    """

    alpha: float = Field(0.2, gt=0, le=10)
    """Both parameters of the beta distribution of the share: below 1, most blends are close to one of the two pictures;
    1 draws all shares evenly. The paper has 0.1 to 0.4 for ImageNet and 1 for CIFAR-10."""
    probability: float = Field(1.0, ge=0, le=1)
    """Chance that a picture is changed."""

    def mix(self, images: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch, some of its pictures blended with others, and the targets."""
        import numpy as np

        n = len(images)
        chosen = rng.random(n) < self.probability
        other = rng.permutation(n)
        weights = np.where(chosen, np.rint(256 * rng.beta(self.alpha, self.alpha, size=n)), 256).astype("uint16")
        changed = images.copy()
        for i in np.flatnonzero((weights < 256) & (other != np.arange(n))):
            # At most 255 * 256 + 128, which 16 bits hold.
            blend = images[i] * weights[i]
            blend += images[other[i]] * (np.uint16(256) - weights[i])
            blend += np.uint16(128)
            blend >>= np.uint16(8)
            changed[i] = blend
        share = (weights / np.float32(256))[:, None].astype("float32")
        return changed, share * targets + (1 - share) * targets[other]
