"""Put a part of one picture into another, and mix their targets (Yun et al. 2019, arXiv:1905.04899)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Mixing, register

if TYPE_CHECKING:
    import numpy as np


@register("cutmix")
class Cutmix(Mixing):
    """Cover a rectangle of each picture with the same rectangle of another of its batch, and mix their targets.

    The rectangle has the picture's shape, its centre lies anywhere in the picture, and what reaches beyond is cut off;
    the targets' shares are those of the pixels. A picture may be drawn to be mixed with itself, as in the paper; the
    paper draws one rectangle for a whole batch, here each picture has its own.

    Shapes: `(n, h, w, c), (n, classes) -> (n, h, w, c), (n, classes)`, uint8 and float32.
    """

    alpha: float = Field(1.0, gt=0, le=10)
    """Both parameters of the beta distribution of the area that stays: 1, as in the paper, draws all areas evenly."""
    probability: float = Field(0.5, ge=0, le=1)
    """Chance that a picture is changed; the paper has 0.5 for CIFAR and 1 for ImageNet."""

    def mix(self, images: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch, some of its pictures with a part of another, and the targets."""
        import numpy as np

        n, height, width, _ = images.shape
        chosen = rng.random(n) < self.probability
        other = rng.permutation(n)
        sides = np.sqrt(1 - rng.beta(self.alpha, self.alpha, size=n))
        down, across = rng.random((2, n))
        top, bottom = _cut(down, sides, height)
        left, right = _cut(across, sides, width)
        changed, share = images.copy(), np.zeros(n)
        for i in np.flatnonzero(chosen):
            inside = (slice(top[i], bottom[i]), slice(left[i], right[i]))
            changed[i][inside] = images[other[i]][inside]
            share[i] = (bottom[i] - top[i]) * (right[i] - left[i]) / (height * width)
        shares = share[:, None].astype("float32")
        return changed, (1 - shares) * targets + shares * targets[other]


def _cut(centres: np.ndarray, sides: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first pixel of each side, and the one behind the last; centres and sides are fractions of the size."""
    import numpy as np

    long = (sides * size).astype(int)
    first = (centres * size).astype(int) - long // 2
    return np.clip(first, 0, size), np.clip(first + long, 0, size)
