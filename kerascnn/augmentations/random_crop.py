"""Shift pictures at random: a border, then a crop of the old size (He et al. 2015, arXiv:1512.03385, section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_crop")
class RandomCrop(Augmentation):
    """Put a border around each picture and cut the old size out of it at a random place.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    padding: int = Field(4, ge=1, le=512)
    """Width of the border, in pixels; the picture moves by this much at the most."""
    fill: Literal["zeros", "reflect", "edge"] = "zeros"
    """What the border shows: black, the picture mirrored, or its outermost pixels."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture shifted."""
        import numpy as np

        n, height, width, _ = images.shape
        # A mirrored border cannot be wider than the picture.
        pad = min(self.padding, height - 1, width - 1) if self.fill == "reflect" else self.padding
        mode = "constant" if self.fill == "zeros" else self.fill
        padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode=mode)
        top, left = rng.integers(0, 2 * pad + 1, size=(2, n))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
        return np.ascontiguousarray(np.moveaxis(windows[np.arange(n), top, left], 1, -1))
