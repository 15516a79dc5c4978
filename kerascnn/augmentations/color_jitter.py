"""Change brightness, contrast, saturation and hue of pictures at random, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np

_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


@register("color_jitter")
class ColorJitter(Augmentation):
    """Change brightness, contrast, saturation and hue of each picture, all at random, in this order.

    Each is linear in the pixel, so the four make up one matrix and one offset for each picture: brightness adds,
    contrast scales about the picture's mean luma, saturation scales about the pixel's luma, and hue turns I and Q
    in YIQ. Values are rounded and clipped once, at the end. Grey pictures take brightness and contrast alone.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    brightness: float = Field(0.2, ge=0, le=1)
    """Largest change either way, as a fraction of the range of values: 0.2 adds or takes 51 grey levels at the most."""
    contrast: float = Field(0.2, ge=0, le=1)
    """Largest change either way: 0.2 scales by 0.8 to 1.2."""
    saturation: float = Field(0.2, ge=0, le=1)
    """Largest change either way: 0.2 scales by 0.8 to 1.2."""
    hue: float = Field(0.02, ge=0, le=0.5)
    """Largest turn either way, as a fraction of the colour circle: 0.02 is 7.2 degrees."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture with its own brightness, contrast, saturation and hue."""
        import numpy as np

        n, _, _, channels = images.shape
        drawn = rng.uniform(-1, 1, size=(4, n))
        brightness, contrast = self.brightness * drawn[0], 1 + self.contrast * drawn[1]
        # Luma is linear and neither saturation nor hue moves greys, so that the offset is the same for every colour.
        means = _mean_luma(images) if self.contrast else 0.0
        offsets = (255 * brightness + (1 - contrast) * means + 0.5).astype("float32")
        gains = contrast.astype("float32")
        matrices = None
        if channels == 3 and (self.saturation or self.hue):
            colours = _colour_matrices(1 + self.saturation * drawn[2], self.hue * drawn[3])
            matrices = (contrast[:, None, None] * colours).astype("float32")
        changed = np.empty(images.shape, "uint8")
        for i, picture in enumerate(images):
            values = picture.reshape(-1, channels).astype("float32")
            if matrices is None:
                values *= gains[i]
            else:
                values = values @ matrices[i].T
            values += offsets[i]
            # The offset holds the half that makes cutting off the fraction a rounding.
            changed[i] = np.clip(values, 0, 255, out=values).reshape(picture.shape)
        return changed


def _mean_luma(images: np.ndarray) -> np.ndarray:
    """Return the mean grey level of each picture."""
    import numpy as np

    n, height, width, channels = images.shape
    # Whole rows first: a sum over three neighbouring bytes at a time is twenty times slower.
    means = (
        images.reshape(n, height, width * channels).sum(1, dtype="uint32").reshape(n, width, channels).mean(1) / height
    )
    return means @ np.array(_YIQ[0]) if channels == 3 else means[:, 0]


def _colour_matrices(saturation: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """Return the 3 x 3 matrix that scales the saturation of each picture, then turns its hue."""
    import numpy as np

    yiq = np.array(_YIQ)
    cos, sin = np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)
    inside = np.zeros((len(turns), 3, 3))
    inside[:, 0, 0] = 1
    # In YIQ, saturation is the length of (I, Q), and hue its angle.
    inside[:, 1, 1], inside[:, 1, 2] = saturation * cos, -saturation * sin
    inside[:, 2, 1], inside[:, 2, 2] = saturation * sin, saturation * cos
    return np.linalg.inv(yiq) @ inside @ yiq
