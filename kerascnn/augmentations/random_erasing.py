"""Erase a rectangle of pictures at random (Zhong et al. 2017, arXiv:1708.04896)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_Share = Annotated[float, Field(gt=0, le=1)]
_Ratio = Annotated[float, Field(ge=0.05, le=20)]


@register("random_erasing")
class RandomErasing(Augmentation):
    """Cover a random rectangle of some pictures with black, with noise, or with the picture's mean colour.

    A side that would be longer than the picture is cut to it, where the paper draws again.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    probability: float = Field(0.5, ge=0, le=1)
    """Chance that a picture is changed."""
    scale: Annotated[tuple[_Share, _Share], Field(strict=False), AfterValidator(ordered)] = (0.02, 0.33)
    """Area of the rectangle as a fraction of the picture's, [lowest, highest]; drawn evenly between them."""
    ratio: Annotated[tuple[_Ratio, _Ratio], Field(strict=False), AfterValidator(ordered)] = (0.3, 3.3)
    """Height of the rectangle divided by its width, [lowest, highest]; its logarithm is drawn evenly between theirs."""
    value: Literal["zeros", "mean", "noise"] = "noise"
    """What covers the rectangle: black, the mean of each colour of the picture, or even noise from 0 to 255."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, a rectangle of some of its pictures erased."""
        import numpy as np

        n, height, width, _ = images.shape
        chosen = rng.random(n) < self.probability
        area = rng.uniform(*self.scale, size=n) * height * width
        low, high = np.log(self.ratio)
        ratio = np.exp(rng.uniform(float(low), float(high), size=n))
        rows = np.clip(np.rint(np.sqrt(area * ratio)), 1, height).astype(int)
        columns = np.clip(np.rint(np.sqrt(area / ratio)), 1, width).astype(int)
        places = rng.random((2, n))
        top = (places[0] * (height - rows + 1)).astype(int)
        left = (places[1] * (width - columns + 1)).astype(int)
        noise = rng.integers(0, 256, size=images.shape, dtype="uint8") if self.value == "noise" else None
        changed = images.copy()
        for i in np.flatnonzero(chosen):
            inside = (i, slice(top[i], top[i] + rows[i]), slice(left[i], left[i] + columns[i]))
            if noise is not None:
                changed[inside] = noise[inside]
            else:
                changed[inside] = np.rint(images[i].mean((0, 1))) if self.value == "mean" else 0
        return changed
