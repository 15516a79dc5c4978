"""What samples look like in small: thumbnails of pictures, beginnings of texts, thinned curves of series.

Thumbnails lie in the home's cache by the path of their file, its time and its size: they may be removed at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import DataError, printable
from kerascnn.runs.atomic import write_with
from kerascnn_dashboard.logic.home import Home

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

SIDE = 256
"""Longer side of a thumbnail in pixels."""
LETTERS = 300
MAX_PIXELS = 50_000_000
"""Pictures with more pixels are refused, as the training does: a small file can hold billions of equal ones."""
_FORMATS = ("JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "ICO")
"""Formats that are read, where Pillow has them. Others have readers that hostile bytes should not reach."""
_SMALL = 96
"""Pictures smaller than this are shown with larger pixels."""
_POINTS = 160
_CHANNELS = 4
_GREY_16 = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def thumbnail(home: Home, file: Path, size: int = SIDE) -> Path:
    """Return a PNG of a picture file, or of a `.npy` file with one, whose longer side has `size` pixels at most.

    It is turned upright, transparency lies on white, 16 bits become 8, CMYK becomes RGB. Raises DataError with the
    reason for a file that cannot be shown.
    """
    try:
        about = file.stat()
    except OSError as error:
        raise DataError(f"{file} is not there any more ({error.strerror or error})") from None
    key = f"{file.resolve()}\0{about.st_mtime_ns}\0{about.st_size}\0{size}"
    name = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    small = home.folder / "cache" / "pictures" / name[:2] / f"{name}.png"
    if not small.is_file():
        keep_picture(_open(file, size), small, size)
    return small


def keep_picture(picture: Image.Image, small: Path, size: int = SIDE) -> None:
    """Write a picture in small at this path. Raises ResourceError."""
    from PIL import Image

    longer = max(picture.size)
    if longer > size:
        picture.thumbnail((size, size))
    elif longer < _SMALL:
        times = -(-_SMALL // longer)
        picture = picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    small.parent.mkdir(parents=True, exist_ok=True)
    write_with(small, lambda part: picture.save(part, "PNG"))


def array_picture(array: np.ndarray) -> Image.Image:
    """Return the picture that an array `(height, width[, channels])` of uint8 or uint16 holds. Raises DataError."""
    import numpy as np
    from PIL import Image

    if array.dtype.kind != "u" or array.ndim not in (2, 3) or not array.size or array[..., 0].size > MAX_PIXELS:
        raise DataError(f"is an array of {array.dtype} {array.shape}, which is no picture")
    if array.dtype.itemsize == 2:
        array = (array >> 8).astype("uint8")
    if array.ndim == 3:
        array = array[..., :3] if array.shape[-1] >= 3 else array[..., 0]
    return Image.fromarray(np.ascontiguousarray(array))


def excerpt(text: str, letters: int = LETTERS) -> str:
    """Return the beginning of a text on one line, with nothing in it that cannot be printed.

    >>> excerpt("one\\n two three", 9)
    'one two t...'
    """
    whole = " ".join(text.split())
    return str(printable(whole[:letters] + ("..." if len(whole) > letters else "")))


def curve(values: Any, points: int = _POINTS) -> list[dict[str, float | str]]:
    """Return up to four channels of a series `(length[, channels])` as rows of a small chart: channel, step, value.

    Of a long one the least and the most of each piece are shown, as a wave is drawn. Missing values are left out, and
    the fill at the end is not shown.
    """
    import numpy as np

    array = np.asarray(values, "float64")
    array = array[:, None] if array.ndim == 1 else array[:, :_CHANNELS]
    known = np.isfinite(array)
    array = array[: int(np.flatnonzero(known.any(1)).max(initial=-1)) + 1]
    rows: list[dict[str, float | str]] = []
    for channel in range(array.shape[1]):
        for step, value in _thinned(array[:, channel], points):
            rows.append({"channel": f"{channel + 1}", "step": step, "value": value})
    return rows


def _thinned(values: np.ndarray, points: int) -> list[tuple[int, float]]:
    """Return steps and values, two a piece where there are too many."""
    import numpy as np

    known = np.flatnonzero(np.isfinite(values))
    if len(known) <= 2 * points:
        return [(int(i), float(values[i])) for i in known]
    found: list[tuple[int, float]] = []
    for piece in np.array_split(known, points):
        ends: Sequence[int] = sorted({int(piece[values[piece].argmin()]), int(piece[values[piece].argmax()])})
        found += [(i, float(values[i])) for i in ends]
    return found


def _open(file: Path, size: int) -> Image.Image:
    """Return a picture of a file in RGB or grey. Raises DataError."""
    import numpy as np
    from PIL import Image, ImageOps

    try:
        if file.suffix.lower() == ".npy":
            return array_picture(np.load(file, mmap_mode="r", allow_pickle=False))
        Image.init()
        with Image.open(file, formats=[name for name in _FORMATS if name in Image.OPEN]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise DataError(f"{file} has {picture.width} x {picture.height} pixels, too many to be shown")
            picture.draft("RGB", (2 * size, 2 * size))
            turned = ImageOps.exif_transpose(picture)
            return _plain(turned)
    except DataError as error:
        raise DataError(str(error) if str(file) in str(error) else f"{file} {error}") from None
    # Pillow has many ways to say that a file is no picture.
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        reason = "is no picture that can be read" if isinstance(error, Image.UnidentifiedImageError) else str(error)
        raise DataError(f"{file}: {reason}") from None


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture of any mode in RGB or grey, 8 bits a channel, on white where it is transparent."""
    import numpy as np
    from PIL import Image

    if picture.mode in _GREY_16:
        grey = np.asarray(picture).astype("int64")
        return Image.fromarray((np.clip(grey, 0, 65535) >> 8).astype("uint8"))
    if picture.mode == "F":
        raise DataError("has pixels that are no whole numbers")
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        ground = Image.new("RGBA", whole.size, "white")
        return Image.alpha_composite(ground, whole).convert("RGB")
    return picture.copy() if picture.mode in ("L", "RGB") else picture.convert("RGB")
