"""What is known of a picture besides its pixels, as far as it is odd: small, and fit for a line of the manifest."""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_ACROSS, _DOWN = 9, 8
_FINE = 8
_LEAST = 32
_THUMB = 16
_PLAIN_MODES = ("L", "RGB")
_SAME = {"MPO": "JPEG", "DIB": "BMP"}
"""Formats by the name of the one that they are told from by nobody; a phone writes MPO files as .jpg."""
_COUNTED = 1 << 20
"""Frames are counted in files of as many bytes at the most: a hostile file may hold a million empty ones."""


def of_file(image: Image.Image, path: Path, data: bytes) -> dict[str, Any]:
    """Return what an open picture, not yet loaded, tells of its file."""
    file_format = _SAME.get(image.format or "", image.format or "")
    facts: dict[str, Any] = {"format": file_format}
    if image.mode not in _PLAIN_MODES:
        facts["mode"] = image.mode
    if image.mode.startswith("I") or any(";16" in str(tile[3]) for tile in image.tile):
        facts["bits"] = 16
    frames = _frames(image, data)
    if frames > 1:
        facts["frames"] = frames
    return facts | odd_ending(path, file_format)


def odd_ending(path: Path, file_format: str) -> dict[str, Any]:
    """Return the ending of a file's name where it is that of another format."""
    ending = path.suffix.lower()
    meant = "NPY" if ending == ".npy" else Image.registered_extensions().get(ending)
    return {} if meant is None or _SAME.get(meant, meant) == file_format else {"ending": path.suffix}


def of_image(image: Image.Image) -> dict[str, Any]:
    """Return the difference hash of a picture in mode L or RGB, its thumbnail, and whether it is of one colour.

    A picture with a side of fewer than 32 pixels gets neither: too many that are not alike would share them.
    """
    if min(image.size) < _LEAST:
        return _flat(_is_flat(image))
    if image.width > _ACROSS * _FINE and image.height > _DOWN * _FINE:
        small = image.resize((_ACROSS * _FINE, _DOWN * _FINE), Image.Resampling.NEAREST)
    else:
        small = image
    small = small.convert("L")
    dhash = _dhash(small)
    return {"dhash": dhash, "thumb": _thumb(small), **_flat(not int(dhash, 16) and _is_flat(image))}


def of_array(array: np.ndarray) -> dict[str, Any]:
    """Return the same of uint8 `(height, width, channels)`; other than 1 or 3 channels are hashed by their mean."""
    height, width, channels = array.shape
    if min(height, width) < _LEAST:
        return _flat(bool((array == array[0, 0]).all()))
    if channels in (1, 3):
        return of_image(Image.fromarray(array[..., 0] if channels == 1 else array))
    rows = np.linspace(0, height, _DOWN * _FINE, endpoint=False).astype(int)
    columns = np.linspace(0, width, _ACROSS * _FINE, endpoint=False).astype(int)
    mean = array[np.ix_(rows, columns)].mean(axis=-1).round().astype("uint8")
    small = Image.fromarray(mean)
    return {"dhash": _dhash(small), "thumb": _thumb(small), **_flat(bool((array == array[0, 0]).all()))}


def _flat(is_flat: bool) -> dict[str, Any]:
    return {"flat": True} if is_flat else {}


def _dhash(small: Image.Image) -> str:
    """Return 16 hex digits of a grey picture: a bit for each of 8 x 8 places, set where it brightens to the right."""
    grey = np.asarray(small.resize((_ACROSS, _DOWN), Image.Resampling.BOX))
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


def _thumb(small: Image.Image) -> str:
    """Return 16 x 16 values of a grey picture, a byte each, in base 64."""
    return base64.b64encode(small.resize((_THUMB, _THUMB), Image.Resampling.BOX).tobytes()).decode()


def thumbnails(thumbs: Sequence[str]) -> np.ndarray:
    """Return the grey values of thumbnails, each with mean 0 and variance 1: float32 `(n, 256)`."""
    whole = b"".join(base64.b64decode(thumb) for thumb in thumbs)
    values = np.frombuffer(whole, "uint8").reshape(len(thumbs), _THUMB * _THUMB).astype("float32")
    values -= values.mean(1, keepdims=True)
    return np.asarray(values / np.maximum(values.std(1, keepdims=True), 1e-6))


def _is_flat(image: Image.Image) -> bool:
    found: Any = image.getextrema()
    return all(low == high for low, high in (found if isinstance(found[0], tuple) else [found]))


def _frames(image: Image.Image, data: bytes) -> int:
    if image.format == "MPO":  # the others are the same picture, smaller or as depth
        return 1
    if image.format not in ("GIF", "TIFF"):
        return int(getattr(image, "n_frames", 1))
    try:
        # Counting moves through the file, so the picture itself is left where it stands.
        with Image.open(io.BytesIO(data), formats=[image.format]) as other:
            if not getattr(other, "is_animated", False):
                return 1
            return int(getattr(other, "n_frames", 1)) if len(data) <= _COUNTED else 2
    except Exception:  # noqa: BLE001 - damage after the first frame takes nothing from it
        return 1


def spread(lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the smallest, middle and largest height, width and width / height of pictures, and counts of formats.

    `lines` are those of a manifest; those without a size are passed over, and {} is returned where there are no others.
    """
    sized = [line for line in lines if line.get("height") and line.get("width")]
    if not sized:
        return {}
    height, width = (np.array([line[key] for line in sized], float) for key in ("height", "width"))
    found: dict[str, Any] = {
        name: [round(float(value), 4) for value in (values.min(), np.median(values), values.max())]
        for name, values in (("height", height), ("width", width), ("aspect_ratio", width / height))
    }
    return found | {"formats": dict(Counter(line.get("format", "array") for line in sized).most_common())}
