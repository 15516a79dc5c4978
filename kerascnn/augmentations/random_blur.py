"""Blur pictures at random (SimCLR, Chen et al. 2020, arXiv:2002.05709)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_Sigma = Annotated[float, Field(ge=0, le=64)]


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError("should be [lowest, highest]")
    return pair


@register("random_blur")
class RandomBlur(Augmentation):
    """Blur some pictures with a Gaussian kernel, each with its own width.

    It is Pillow's blur: three box filters after one another come near the Gaussian, at a cost that does not grow with
    its width. Beyond the border, the outermost pixels go on.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    sigma: Annotated[tuple[_Sigma, _Sigma], Field(strict=False), AfterValidator(_ordered)] = (0.1, 2.0)
    """Standard deviation of the kernel in pixels, [lowest, highest]; drawn evenly between them."""
    probability: float = Field(0.5, ge=0, le=1)
    """Chance that a picture is changed."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, some of its pictures blurred."""
        import numpy as np
        from PIL import Image, ImageFilter

        n = len(images)
        chosen = rng.random(n) < self.probability
        sigmas = rng.uniform(*self.sigma, size=n)
        changed = images.copy()
        pictures = images[..., 0] if images.shape[-1] == 1 else images
        for i in np.flatnonzero(chosen):
            blurred = Image.fromarray(pictures[i]).filter(ImageFilter.GaussianBlur(sigmas[i]))
            changed[i] = np.asarray(blurred).reshape(images.shape[1:])
        return changed
