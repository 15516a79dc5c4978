"""Blur pictures at random (SimCLR, Chen et al. 2020, arXiv:2002.05709)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_Sigma = Annotated[float, Field(ge=0, le=32)]


@register("random_blur")
class RandomBlur(Augmentation):
    """Blur some pictures with a Gaussian kernel, each with its own width.

    The kernel reaches as far as 3 sigma, rounded to whole pixels. Beyond the border, the outermost pixels go on.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    sigma: Annotated[tuple[_Sigma, _Sigma], Field(strict=False), AfterValidator(ordered)] = (0.1, 2.0)
    """Standard deviation of the kernel in pixels, [lowest, highest]; drawn evenly between them."""
    probability: float = Field(0.5, ge=0, le=1)
    """Chance that a picture is changed."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures blurred."""
        import numpy as np

        n = len(images)
        chosen = rng.random(n) < self.probability
        sigmas = rng.uniform(*self.sigma, size=n)
        changed = images.copy()
        for i in np.flatnonzero(chosen):
            changed[i] = _blurred(images[i], float(sigmas[i]))
        return changed


def _blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Return one picture blurred: down the columns, then along the rows."""
    import numpy as np

    radius = int(3 * sigma + 0.5)
    if radius == 0:
        return picture
    kernel = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    kernel = (kernel / (2 * kernel.sum() - kernel[0])).astype("float32")
    values = picture.astype("float32")
    for axis, size in enumerate(picture.shape[:2]):
        wide = values.take(np.clip(np.arange(-radius, size + radius), 0, size - 1), axis)
        windows = [wide[at : at + size] if axis == 0 else wide[:, at : at + size] for at in range(2 * radius + 1)]
        values = windows[radius] * kernel[0]
        for k in range(1, radius + 1):
            # The kernel is the same on both sides.
            pair = windows[radius - k] + windows[radius + k]
            pair *= kernel[k]
            values += pair
    values += np.float32(0.5)
    return np.clip(values, 0, 255, out=values).astype("uint8")
