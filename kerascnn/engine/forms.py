"""The form in which a model takes pictures: their size, their channels, and which values are black and white."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image

MAX_CHANNELS = 64
_FULL = (0.0, 65_535.0)
_MARGIN = 8 / 7
_Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom."""


class PictureError(Exception):
    """A picture cannot be read; the text is the reason, without the file's name."""


@dataclass(frozen=True)
class Form:
    """How a raw picture becomes the model's input; `input.json` of a run holds it."""

    size: tuple[int, int] | None
    """Height and width in pixels; None keeps the picture's own."""
    resize: str = "letterbox"
    """letterbox, center_crop, resize_crop or stretch."""
    channels: int | None = None
    """1 for grey, 3 for RGB; None keeps grey pictures grey. Another number is what every picture has to have."""
    every_channel: bool = False
    """Whether arrays and .npy files may have up to 64 channels, all of which are kept."""
    values: tuple[float, float] | None = None
    """The stored values that become 0 and 255 where values have 16 bits; None means 0 and 65535."""


def fit(image: Image.Image, form: Form, whole: tuple[int, int] | None = None, part: int = 1) -> np.ndarray:
    """Return a picture as uint8 `(height, width, channels)` of the form's size and channels.

    `whole` is its width and height where the image is that divided by `part`, each pixel the mean of several. Raises
    PictureError where it has another number of channels than the form, and both are not 1 or 3.
    """
    if form.channels in (1, 3):
        wanted = "L" if form.channels == 1 else "RGB"
        if image.mode != wanted:
            image = image.convert(wanted)
    else:
        _check_channels(len(image.getbands()), form)
    pixels = np.asarray(_sized(image, form, whole or image.size, part), dtype="uint8")
    return pixels[..., None] if pixels.ndim == 2 else pixels


def fit_array(array: np.ndarray, form: Form) -> np.ndarray:
    """Return uint8 `(height, width, channels)` of the form's size and channels. Raises PictureError as `fit` does."""
    height, width, channels = array.shape
    if form.size in (None, (height, width)) and form.channels in (None, channels) and form.resize != "resize_crop":
        return array
    if channels in (1, 3) and form.channels in (None, 1, 3):
        return fit(Image.fromarray(array[..., 0] if channels == 1 else array), form)
    _check_channels(channels, form)
    one = replace(form, channels=None)
    return np.concatenate([fit(Image.fromarray(array[..., i]), one) for i in range(channels)], axis=-1)


def scaled(values: np.ndarray, form: Form) -> np.ndarray:
    """Return 16-bit values as uint8: the form's `values` become 0 and 255, and what lies beyond them too."""
    return _table(*(form.values or _FULL))[values]


@lru_cache(maxsize=4)
def _table(low: float, high: float) -> np.ndarray:
    """Return what each of the values 0 to 65535 becomes: faster than arithmetic on every pixel."""
    return np.clip(np.rint((np.arange(65_536) - low) * (255 / (high - low))), 0, 255).astype("uint8")


def in_full(form: Form) -> bool:
    """Return whether 16-bit values are scaled by their whole range."""
    return form.values in (None, _FULL)


def spare(width: int, height: int, form: Form) -> int:
    """Return by which of 8, 4, 2 and 1 a picture may be divided before it is resized with hardly a difference.

    What is left has at least as many pixels in each direction as the form shows. Photographs then differ by about
    a level of 255 on average from what resizing the whole gives, which is less than JPEG itself changes.
    """
    if form.size is None:
        return 1
    box, (across, down), _ = _plan(width, height, form)
    least = min((box[2] - box[0]) / across, (box[3] - box[1]) / down)
    return next((n for n in (8, 4, 2) if n <= least), 1)


def _check_channels(channels: int, form: Form) -> None:
    if form.channels not in (None, channels):
        raise PictureError(f"has {channels} channels where {form.channels} are wanted")


def _sized(image: Image.Image, form: Form, whole: tuple[int, int], part: int) -> Image.Image:
    if form.size is None:
        return image
    box, inner, corner = _plan(*whole, form)
    # The last pixels of a picture that was divided may be of less than a whole part.
    box = (box[0] / part, box[1] / part, min(box[2] / part, image.width), min(box[3] / part, image.height))
    small = image
    if inner != image.size or box != (0, 0, *image.size):
        small = image.resize(inner, Image.Resampling.BILINEAR, box=box)
    if inner == form.size[::-1]:
        return small
    frame = Image.new(image.mode, form.size[::-1])
    frame.paste(small, corner)
    return frame


def _plan(width: int, height: int, form: Form) -> tuple[_Rectangle, tuple[int, int], tuple[int, int]]:
    """Return which rectangle of a picture the form shows, at what width and height, and where in its frame.

    What the frame does not show is never made: a long line of pixels would become a picture of any size.
    """
    assert form.size is not None
    down, across = form.size
    if form.resize == "letterbox":
        scale = min(across / width, down / height)
        # A line of pixels stays one, however long it is.
        inner = max(1, round(width * scale)), max(1, round(height * scale))
        corner = round((across - inner[0]) * 0.5), round((down - inner[1]) * 0.5)
        return (0, 0, width, height), inner, corner
    if form.resize == "stretch":
        return (0, 0, width, height), (across, down), (0, 0)
    scale = max(across / width, down / height) * (_MARGIN if form.resize == "resize_crop" else 1)
    left, top = max((width - across / scale) / 2, 0), max((height - down / scale) / 2, 0)
    return (left, top, width - left, height - top), (across, down), (0, 0)
