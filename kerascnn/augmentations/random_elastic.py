"""Bend pictures at random (Simard et al. 2003, Best Practices for Convolutional Neural Networks, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from kerascnn.spec import Augmentation, Fill, register

if TYPE_CHECKING:
    import numpy as np


@register("random_elastic")
class RandomElastic(Augmentation):
    """Move the pixels of each picture by a smooth random field, bilinearly, as if it were drawn on rubber.

    The field is noise under a Gaussian, on its own along each side. Masks bend along; boxes cannot, for what they hold
    may reach beyond the moved corners.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    carries: ClassVar[frozenset[str]] = frozenset({"mask"})

    alpha: float = Field(0.02, gt=0, le=0.5)
    """Strength: root mean square of the shift along each side, as a fraction of the shorter side; 0.02 is 4.5 pixels of
    224. Above half of `sigma`, pictures begin to fold."""
    sigma: float = Field(0.1, ge=0.01, le=1)
    """Smoothness: standard deviation of the Gaussian, as a fraction of the shorter side. The smaller, the finer the
    waves."""
    fill: Fill = "zeros"

    def fields(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return how far each pixel's place in the input lies to the right and down, in pixels, float64 `(n, 2, h, w)`.

        All chance comes from `rng`.
        """
        import numpy as np

        short = min(height, width)
        down, across = (_gaussians(size, self.sigma * short) for size in (height, width))
        noise = rng.standard_normal((n, 2, down.shape[1], across.shape[1]))
        fields = down @ noise @ across.T
        strength = np.sqrt(np.square(fields).mean(axis=(2, 3), keepdims=True))
        return np.asarray(fields * (self.alpha * short / np.maximum(strength, 1e-12)))

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture bent in its own way."""
        from kerascnn.spec.warp import warp_by_field

        n, height, width, _ = images.shape
        return warp_by_field(images, self.fields(n, height, width, rng), self.fill)

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch and its masks, each picture and its mask bent alike."""
        from kerascnn.spec.warp import warp_by_field, warp_masks_by_field

        n, height, width, _ = images.shape
        fields = self.fields(n, height, width, rng)
        return warp_by_field(images, fields, self.fill), warp_masks_by_field(masks, fields, self.fill)


def _gaussians(size: int, sigma: float) -> np.ndarray:
    """Return what each pixel of a side takes of the noise at places about it `(size, places)`.

    The places lie a standard deviation apart (or a pixel, where that is more), which makes the field's variance even to
    1 in 10,000, and go on for three beyond either end.
    """
    import numpy as np

    step = max(sigma, 1.0)
    places = np.arange(-np.ceil(3 * sigma), size - 1 + 3 * sigma + step, step)
    return np.exp(-0.5 * ((np.arange(size)[:, None] - places) / sigma) ** 2)
