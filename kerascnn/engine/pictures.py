"""The one decoder: preview, training, evaluation and prediction all read pictures through it.

Rules: the first frame of an animation; turned as its EXIF data say; transparency laid on white; 16-bit grey scaled to 8
bits; CMYK turned to RGB; a large JPEG that becomes a small picture is decoded at a half, a quarter or an eighth. A .npy
file is read as the array that it holds. What cannot be read as a whole is an error with its reason, never a black
picture.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from kerascnn.engine import picture_facts
from kerascnn.engine.forms import MAX_CHANNELS, Form, PictureError, fit, fit_array, in_full, scaled, spare
from kerascnn.engine.whole import FileError, read_whole

# Pillow warns of what the checks below decide. Not `catch_warnings`: it is not made for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

MAX_PIXELS = 50_000_000
"""Pictures with more pixels are refused: a small file can hold billions of equal ones."""
MAX_BYTES = 1 << 30
_SMALL = 1 << 16
_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "ICO")
"""Formats that are read, where Pillow has them. Others have readers that hostile bytes should not reach: that of EPS
starts Ghostscript."""
_AHEAD, _TOGETHER = 2, 4
"""Tasks that each core may be ahead, and pictures in each: to hand one over takes time."""
_NPY = b"\x93NUMPY"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SAMPLES = 277
"""The TIFF tag that says how many channels there are."""
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
    facts: dict[str, Any] = field(default_factory=dict)
    """`sha256`, `height`, `width`, the `format` of a file, `dhash` (a difference hash, 16 hex digits; from 32 x 32
    pixels on), and what is odd: `mode` (neither L nor RGB), `orientation` (EXIF), `frames`, `alpha` (transparency was
    used), `bits` (16), `ending` (that of another format), `flat` (of one colour)."""
    thumb: str = ""
    """16 x 16 grey values, a byte each, in base 64; empty where there is no `dhash`."""


def read_picture(payload: Path | np.ndarray, form: Form) -> Picture:
    """Return a picture in its form. Raises PictureError where it cannot be read as a whole."""
    if isinstance(payload, np.ndarray):
        payload = np.ascontiguousarray(payload)
        _check_array(payload.dtype, payload.shape, form)
        return _from_array(payload, form, hashlib.sha256(payload.data).hexdigest(), {})
    data = _read_file(payload)
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(_NPY):
        about = {"format": "NPY", **picture_facts.odd_ending(payload, "NPY")}
        return _from_array(_load_npy(data, form), form, digest, about)
    image, (width, height), part, grey, about = _decode(data, payload, form)
    facts = {"sha256": digest, "height": height, "width": width, **about, **picture_facts.of_image(image)}
    thumb = facts.pop("thumb", "")
    return Picture(fit(image, form, (width, height), part), digest, height, width, grey, facts, thumb)


def read_all(
    payloads: Iterable[Path | np.ndarray], form: Form, seen: Callable[[], None] = lambda: None
) -> list[Picture | PictureError]:
    """Return every picture, or the error in its place, in order; files are decoded on all cores."""
    return list(read_each(payloads, form, seen))


def read_each(
    payloads: Iterable[Path | np.ndarray], form: Form, seen: Callable[[], None] = lambda: None
) -> Iterator[Picture | PictureError]:
    """Yield what `read_all` returns, a few pictures ahead of the one that is wanted."""

    def one(payload: Path | np.ndarray) -> Picture | PictureError:
        try:
            return read_picture(payload, form)
        except PictureError as error:
            return error
        finally:
            seen()

    payloads = list(payloads)
    # What is made in less time than it takes to hand it to a thread.
    if all(isinstance(payload, np.ndarray) and payload.nbytes <= _SMALL for payload in payloads):
        yield from map(one, payloads)
        return
    cores = os.cpu_count() or 1
    ahead: deque[Future[list[Picture | PictureError]]] = deque()
    with ThreadPoolExecutor(max_workers=cores) as pool:
        for start in range(0, len(payloads), _TOGETHER):
            ahead.append(
                pool.submit(lambda some: [one(payload) for payload in some], payloads[start : start + _TOGETHER])
            )
            if len(ahead) > _AHEAD * cores:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()


def _check_array(dtype: np.dtype, shape: tuple[int, ...], form: Form) -> None:
    if dtype.hasobject:
        raise PictureError(f"is an array of {dtype}; pictures are uint8 or uint16, and objects are never unpickled")
    if dtype.kind != "u" or dtype.itemsize > 2:
        raise PictureError(f"is an array of {dtype}; pictures are uint8 or uint16")
    most = MAX_CHANNELS if form.every_channel else 3
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or min(shape) < 1 or channels > most or (channels == 2 and not form.every_channel):
        wanted = f"1 to {MAX_CHANNELS}" if form.every_channel else "1 or 3"
        more = "; data.color: all keeps all channels" if channels != 1 and not form.every_channel else ""
        raise PictureError(f"has the shape {shape}; pictures are (height, width, {wanted}){more}")


def _from_array(array: np.ndarray, form: Form, digest: str, about: dict[str, Any]) -> Picture:
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype.itemsize == 2:
        array, about = scaled(array, form), {**about, "bits": 16}
    height, width, channels = array.shape
    facts = {"sha256": digest, "height": height, "width": width, **about, **picture_facts.of_array(array)}
    thumb = facts.pop("thumb", "")
    return Picture(fit_array(array, form), digest, height, width, channels == 1, facts, thumb)


def _load_npy(data: bytes, form: Form) -> np.ndarray:
    """Return the array of a .npy file, checked by its header before anything is made of it."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream)
        _check_array(dtype, shape, form)
        if shape[0] * shape[1] > MAX_PIXELS:
            raise PictureError(f"has {shape[1]} x {shape[0]} pixels; the limit is {MAX_PIXELS}")
        said, held = math.prod(shape) * dtype.itemsize, len(data) - stream.tell()
        if said > held:
            raise PictureError(f"is damaged: its header says {said} bytes of values, and there are {held}")
        stream.seek(0)
        return np.load(stream, allow_pickle=False)
    except PictureError:
        raise
    except MemoryError:
        raise PictureError("takes more memory than there is") from None
    # The header is a text that NumPy's reader has many ways to refuse.
    except Exception as error:  # noqa: BLE001
        raise PictureError(_damage(error)) from None


def _damage(error: Exception) -> str:
    return f"is damaged: {' '.join(str(error).split()) or type(error).__name__}"


def _read_file(path: Path) -> bytes:
    try:
        return read_whole(path, MAX_BYTES)
    except FileError as error:
        raise PictureError(str(error)) from None


def _decode(data: bytes, path: Path, form: Form) -> tuple[Image.Image, tuple[int, int], int, bool, dict[str, Any]]:
    """Return a picture in mode L or RGB, upright; the width and height of the whole, and by what it is divided; whether
    its format holds no colour; and what is odd about its file.
    """
    try:
        Image.init()
        image: Any = Image.open(io.BytesIO(data), formats=[name for name in _FORMATS if name in Image.OPEN])
        _check_pixels(image)
        facts = picture_facts.of_file(image, path, data)
        _check_kept(image, form, facts)
        size = image.size
        part = _draft(image, form)
        image.load()
        _check_pixels(image)  # the picture in an icon may be larger than the icon says
        size = size if part > 1 else image.size
        turn = _orientation(image)
        if turn in _TURNS:
            facts["orientation"] = turn
            image = image.transpose(_TURNS[turn])
            size = size[::-1] if turn >= 5 else size
        grey = image.mode in _GREY_MODES
        return _plain(image, grey, form, facts), size, part, grey, facts
    except PictureError:
        raise
    except Image.UnidentifiedImageError:
        raise PictureError(_unknown(data)) from None
    except Image.DecompressionBombError:
        raise PictureError(f"has too many pixels; the limit is {MAX_PIXELS}") from None
    except MemoryError:
        raise PictureError("takes more memory than there is") from None
    # Decoders meet hostile bytes; each has its own ways to give up.
    except Exception as error:  # noqa: BLE001
        raise PictureError(_damage(error)) from None


def _unknown(data: bytes) -> str:
    if data.startswith(_TIFF):
        return "is a damaged TIFF, or one that Pillow cannot read, such as one of many channels; save it as .npy"
    return "is not a picture of a known format"


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise PictureError(f"has {image.width} x {image.height} pixels; the limit is {MAX_PIXELS}")


def _draft(image: Any, form: Form) -> int:
    """Let a JPEG be decoded at a part of its size where the form shows far fewer pixels.

    Return by what it will be divided.
    """
    if image.format not in ("JPEG", "MPO"):
        return 1
    across, down = image.size if _orientation(image) < 5 else image.size[::-1]
    part = spare(across, down, form)
    if part > 1:
        image.draft(None, (image.width // part, image.height // part))
    return part


def _orientation(image: Image.Image) -> int:
    """Return what the EXIF data say of how a picture is turned. Damaged ones say nothing, and take nothing from it."""
    try:
        turn = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001 - Pillow's reader has as many ways to give up as a decoder
        return 1
    return turn if isinstance(turn, int) and turn in _TURNS else 1


def _plain(image: Image.Image, grey: bool, form: Form, facts: dict[str, Any]) -> Image.Image:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65_535:
            raise PictureError(f"has values from {values.min()} to {values.max()}; 0 to 65535 is what can be read")
        return Image.fromarray(scaled(values, form))
    if image.mode == "F":
        raise PictureError("holds real numbers; 8 and 16 bits can be read")
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        layer = image.convert("RGBA")
        if layer.getextrema()[3][0] < 255:
            facts["alpha"] = True
        flat = Image.new("RGBA", image.size, "white")
        flat.alpha_composite(layer)
        image = flat
    wanted = "L" if grey else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def _check_kept(image: Any, form: Form, facts: dict[str, Any]) -> None:
    """Raise PictureError where Pillow leaves out what the form asks for."""
    if facts.get("bits") == 16 and not image.mode.startswith("I") and not in_full(form):
        raise PictureError("holds 16 bits of which Pillow keeps 8; save it as .npy to use data.value_range")
    held = image.tag_v2.get(_SAMPLES, 1) if form.every_channel and hasattr(image, "tag_v2") else 1
    if held > len(image.getbands()) or (form.every_channel and image.mode == "RGBX"):
        raise PictureError(f"is a TIFF of {held} channels, of which Pillow keeps 3; save it as .npy")
