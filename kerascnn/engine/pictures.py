"""The one decoder: preview, training, evaluation and prediction all read pictures through it.

Rules: the first frame of an animation; turned as its EXIF data say; transparency laid on white; 16-bit grey scaled to 8
bits; CMYK turned to RGB. What cannot be read as a whole is an error with its reason, never a black picture.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps

# Pillow warns of what the checks below decide. Not `catch_warnings`: it is not made for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

MAX_PIXELS = 50_000_000
"""Pictures with more pixels are refused: a small file can hold billions of equal ones."""
MAX_BYTES = 1 << 30
_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "ICO")
"""Formats that are read, where Pillow has them. Others have readers that hostile bytes should not reach: that of EPS
starts Ghostscript."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""
_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N"})


class PictureError(Exception):
    """A picture cannot be read; the text is the reason, without the file's name."""


@dataclass(frozen=True)
class Form:
    """How a raw picture becomes the model's input; `input.json` of a run holds it."""

    size: tuple[int, int] | None
    """Height and width in pixels; None keeps the picture's own."""
    resize: str = "letterbox"
    """letterbox, center_crop or stretch."""
    channels: int | None = None
    """1 for grey, 3 for RGB; None keeps grey pictures grey."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture and what is known of its file."""

    pixels: np.ndarray
    """uint8 `(height, width, channels)`."""
    sha256: str
    """Of the file's bytes, or of an array's."""
    height: int
    """Before resizing, in pixels."""
    width: int
    """Before resizing, in pixels."""
    grey: bool
    """Whether the file holds no colour by its format."""


def read_picture(payload: Path | np.ndarray, form: Form) -> Picture:
    """Return a picture in its form. Raises PictureError where it cannot be read as a whole."""
    if isinstance(payload, np.ndarray):
        return _from_array(payload, form)
    data = _read_file(payload)
    image, grey = _decode(data)
    pixels = fit(image, form)
    return Picture(pixels, hashlib.sha256(data).hexdigest(), image.height, image.width, grey)


def read_all(
    payloads: Iterable[Path | np.ndarray], form: Form, seen: Callable[[], None] = lambda: None
) -> list[Picture | PictureError]:
    """Return every picture, or the error in its place, in order; decoding runs on all cores."""

    def one(payload: Path | np.ndarray) -> Picture | PictureError:
        try:
            return read_picture(payload, form)
        except PictureError as error:
            return error
        finally:
            seen()

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(one, payloads))


def fit(image: Image.Image, form: Form) -> np.ndarray:
    """Return a picture as uint8 `(height, width, channels)` of the form's size and channels."""
    if form.channels is not None:
        wanted = "L" if form.channels == 1 else "RGB"
        if image.mode != wanted:
            image = image.convert(wanted)
    if form.size is not None and (image.height, image.width) != form.size:
        height, width = form.size
        if form.resize == "letterbox":
            image = _letterbox(image, width, height)
        elif form.resize == "center_crop":
            image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
        else:
            image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, dtype="uint8")
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _letterbox(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / image.width, height / image.height)
    # A line of pixels stays one, however long it is.
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    frame = Image.new(image.mode, (width, height))
    frame.paste(
        image.resize(inner, Image.Resampling.BILINEAR),
        (round((width - inner[0]) * 0.5), round((height - inner[1]) * 0.5)),
    )
    return frame


def _from_array(array: np.ndarray, form: Form) -> Picture:
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype != np.uint8:
        raise PictureError(f"is an array of {array.dtype}; pictures are uint8, 0 to 255")
    if array.ndim != 3 or array.shape[-1] not in (1, 3) or not array.size:
        raise PictureError(f"has the shape {array.shape}; pictures are (height, width, 1 or 3)")
    height, width, channels = array.shape
    digest = hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
    if (form.size in (None, (height, width))) and form.channels in (None, channels):
        return Picture(array, digest, height, width, channels == 1)
    image = Image.fromarray(array[..., 0] if channels == 1 else array)
    return Picture(fit(image, form), digest, height, width, channels == 1)


def _read_file(path: Path) -> bytes:
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise PictureError("is not a regular file")
        if info.st_size == 0:
            raise PictureError("is empty (0 bytes)")
        if info.st_size > MAX_BYTES:
            raise PictureError(f"is larger than {MAX_BYTES} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        raise PictureError("is not there") from None
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _decode(data: bytes) -> tuple[Image.Image, bool]:
    """Return a picture in mode L or RGB, upright, and whether its format holds no colour."""
    try:
        Image.init()
        image: Any = Image.open(io.BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN])
        _check_pixels(image)
        image.load()
        _check_pixels(image)  # the picture in an icon may be larger than the icon says
        image = _upright(image)
        grey = image.mode in _GREY_MODES
        return _plain(image, grey), grey
    except PictureError:
        raise
    except Image.UnidentifiedImageError:
        raise PictureError("is not a picture of a known format") from None
    except Image.DecompressionBombError:
        raise PictureError(f"has too many pixels; the limit is {MAX_PIXELS}") from None
    except MemoryError:
        raise PictureError("takes more memory than there is") from None
    # Decoders meet hostile bytes; each has its own ways to give up.
    except Exception as error:  # noqa: BLE001
        raise PictureError(f"is damaged: {' '.join(str(error).split()) or type(error).__name__}") from None


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(f"has {image.width} x {image.height} pixels; the limit is {MAX_PIXELS}")


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF data say. Damaged ones say nothing, and take nothing from the pixels."""
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - Pillow's reader has as many ways to give up as a decoder
        turn = None
    return image if turn is None else image.transpose(turn)


def _plain(image: Image.Image, grey: bool) -> Image.Image:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65_535:
            raise PictureError(f"has values from {values.min()} to {values.max()}; 0 to 65535 is what can be read")
        return Image.fromarray(np.rint(values / 257).astype("uint8"))
    if image.mode == "F":
        raise PictureError("holds real numbers; 8 and 16 bits can be read")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        layer = image.convert("RGBA")
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(layer)
        image = flat
    return image.convert("L" if grey else "RGB")
