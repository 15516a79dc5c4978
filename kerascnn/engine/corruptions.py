"""Common corruptions of pictures at five severities, after Hendrycks and Dietterich (2019, arXiv:1903.12261).

Pictures are uint8 `(n, height, width, channels)`, and stay so. What is drawn depends on the seed, the corruption and
the number of the picture alone: the severities of one picture have the same noise and the same direction, and it does
not matter how pictures are put into batches.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image

SEVERITIES = (1, 2, 3, 4, 5)
LARGE = 64
"""Shorter side in pixels from which on pictures count as large."""

Draws = Sequence[np.random.Generator]


@dataclass(frozen=True)
class Corruption:
    """What is done to pictures, and how much of it at each severity."""

    small: tuple[float, ...]
    """The numbers for pictures whose shorter side is less than 64 pixels: of CIFAR-10-C where it has the corruption."""
    large: tuple[float, ...]
    """The numbers for others: of ImageNet-C where it has the corruption."""
    work: Callable[[np.ndarray, float, Draws], np.ndarray]
    """What makes of pictures and a number other pictures."""
    said: str
    """What the number means, with its place."""
    factor: float = 1.0
    """What the number is multiplied with where it is said."""


def corrupt(pictures: np.ndarray, name: str, severity: int, seed: int = 0, first: int = 0) -> np.ndarray:
    """Return corrupted pictures. The first of them has the number `first` among all that are drawn for.

    Shapes: uint8 `(n, h, w, c) -> (n, h, w, c)`.
    """
    found = CORRUPTIONS[name]
    number = list(CORRUPTIONS).index(name)
    draws = [np.random.default_rng([seed, number, first + i]) for i in range(len(pictures))]
    return found.work(pictures, setting(name, severity, pictures.shape[1:3]), draws)


def setting(name: str, severity: int, size: Sequence[int]) -> float:
    """Return the number of a severity for pictures of this height and width; of a shift whole pixels, at least one."""
    found = CORRUPTIONS[name]
    value = (found.small if min(size) < LARGE else found.large)[severity - 1]
    return float(max(1, round(value * min(size)))) if name == "shift" else value


def say_setting(name: str, severity: int, size: Sequence[int]) -> str:
    """Return in words what a severity does to pictures of this height and width.

    >>> say_setting("contrast", 1, (32, 32)), say_setting("shift", 1, (32, 32))
    ('75 % of the contrast', 'moved by 1 pixel')
    """
    found = CORRUPTIONS[name]
    number = f"{setting(name, severity, size) * found.factor:.3g}"
    said = found.said.format(number)
    return said.removesuffix("s") if number == "1" and said.endswith("pixels") else said


def shifted(pictures: np.ndarray, down: int, right: int) -> np.ndarray:
    """Return pictures moved by whole pixels; what becomes free is filled with the pixels of the edge."""
    rows = (np.arange(pictures.shape[1]) - down).clip(0, pictures.shape[1] - 1)
    columns = (np.arange(pictures.shape[2]) - right).clip(0, pictures.shape[2] - 1)
    return pictures[:, rows][:, :, columns]


def whole_bytes(values: np.ndarray) -> np.ndarray:
    """Return numbers as bytes, rounded and cut off at 0 and 255."""
    return np.rint(values).clip(0, 255).astype("uint8")


def _noise(pictures: np.ndarray, deviation: float, draws: Draws) -> np.ndarray:
    """Add normal noise to each byte."""
    each = [draw.standard_normal(pictures.shape[1:], dtype="float32") for draw in draws]
    return whole_bytes(pictures + np.float32(255 * deviation) * np.stack(each))


def _blur(pictures: np.ndarray, deviation: float, draws: Draws) -> np.ndarray:
    """Take means of neighbours, weighted by a normal curve; beyond the edge its pixels go on."""
    from scipy.ndimage import gaussian_filter

    return whole_bytes(gaussian_filter(pictures.astype("float32"), (0, deviation, deviation, 0), mode="nearest"))


def _brightness(pictures: np.ndarray, more: float, draws: Draws) -> np.ndarray:
    """Add the same to each byte; the paper adds to the value of colours, which is the same for grey ones."""
    return whole_bytes(pictures + np.float32(255 * more))


def _contrast(pictures: np.ndarray, share: float, draws: Draws) -> np.ndarray:
    """Bring each channel nearer to its mean over the picture."""
    means = pictures.mean((1, 2), keepdims=True, dtype="float64").astype("float32")
    return whole_bytes((pictures - means) * np.float32(share) + means)


def _jpeg(pictures: np.ndarray, quality: float, draws: Draws) -> np.ndarray:
    """Write and read each picture; other than in colours, each channel is a picture of its own."""
    return np.stack([_each_channel(picture, partial(_reread, quality=int(quality))) for picture in pictures])


def _shift(pictures: np.ndarray, pixels: float, draws: Draws) -> np.ndarray:
    """Move each picture up, down, left or right."""
    ways = np.array([draw.integers(4) for draw in draws])
    found = np.empty_like(pictures)
    for way, (down, right) in enumerate(WAYS.values()):
        found[ways == way] = shifted(pictures[ways == way], down * int(pixels), right * int(pixels))
    return found


def _rotation(pictures: np.ndarray, degrees: float, draws: Draws) -> np.ndarray:
    """Turn each picture to the left or to the right; beyond the edge its pixels go on."""
    height, width = pictures.shape[1:3]
    more = math.ceil((math.hypot(height, width) - min(height, width)) / 2) + 2
    inside = (slice(more, more + height), slice(more, more + width))
    found = []
    for picture, draw in zip(pictures, draws, strict=True):
        angle = degrees * (1 if draw.integers(2) else -1)
        wide = np.pad(picture, ((more, more), (more, more), (0, 0)), mode="edge")
        found.append(_each_channel(wide, partial(_turned, angle=angle))[inside])
    return np.stack(found)


def _each_channel(picture: np.ndarray, work: Callable[[Image.Image], Image.Image]) -> np.ndarray:
    """Return what Pillow makes of a picture, in colours where it has three channels, else of one channel at a time."""
    if picture.shape[-1] == 3:
        return np.asarray(work(Image.fromarray(picture)))
    channels = [np.asarray(work(Image.fromarray(picture[..., i]))) for i in range(picture.shape[-1])]
    return np.stack(channels, -1)


def _reread(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def _turned(image: Image.Image, angle: float) -> Image.Image:
    return image.rotate(angle, Image.Resampling.BILINEAR)


WAYS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
"""Directions of shifts: pixels down and right."""

_TURNS = (5.0, 10.0, 15.0, 20.0, 30.0)
_SHARES = (0.04, 0.08, 0.12, 0.16, 0.2)

CORRUPTIONS = {
    "noise": Corruption(
        (0.04, 0.06, 0.08, 0.09, 0.10), (0.08, 0.12, 0.18, 0.26, 0.38), _noise,
        "normal noise with a standard deviation of {} levels", 255,
    ),
    "blur": Corruption(
        (0.4, 0.6, 0.7, 0.8, 1.0), (1.0, 2.0, 3.0, 4.0, 6.0), _blur,
        "blurred with a standard deviation of {} pixels",
    ),
    "brightness": Corruption(
        (0.05, 0.1, 0.15, 0.2, 0.3), (0.1, 0.2, 0.3, 0.4, 0.5), _brightness,
        "{} levels brighter", 255,
    ),
    "contrast": Corruption(
        (0.75, 0.5, 0.4, 0.3, 0.15), (0.4, 0.3, 0.2, 0.1, 0.05), _contrast,
        "{} % of the contrast", 100,
    ),
    "jpeg": Corruption((80, 65, 58, 50, 40), (25, 18, 15, 10, 7), _jpeg, "as JPEG of quality {}"),
    # The benchmark has neither of these two as corruptions: shares of the shorter side, and degrees.
    "shift": Corruption(_SHARES, _SHARES, _shift, "moved by {} pixels"),
    "rotation": Corruption(_TURNS, _TURNS, _rotation, "turned by {} degrees"),
}  # fmt: skip
"""Every corruption with its numbers. Noise and brightness are shares of the range of bytes, blur is in pixels, contrast
is what is left of it, a shift is a share of the shorter side, a rotation is in degrees to either side."""
