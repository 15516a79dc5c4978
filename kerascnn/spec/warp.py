"""Resample pictures once: every output pixel shows one place of the input, bilinearly.

Places are (x, y): x counts columns, y counts rows, and the centre of the first pixel is (0, 0). A 3x3 matrix M leads
from a place of the output to the place (u / w, v / w) of the input that it shows, with (u, v, w) = M (x, y, 1). So the
matrix of one change after another is the product of theirs in the order in which they happen.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# Places are whole numbers of 1/8192 pixel, and weights of 13 bits on values of 8 bits fill lanes of 21 bits: one 64-bit
# number holds three channels, and one multiplication weighs all three.
_BITS = 13
_ONE = 1 << _BITS
_LANE = _BITS + 8
_LANES = 3
_FAR = 1 << 17
"""A place in pixels beyond which none is told from another."""
_BLOCK = 1 << 15
"""Pixels that are worked on at a time."""


def warp(images: np.ndarray, matrices: np.ndarray, fill: str = "zeros") -> np.ndarray:
    """Return the batch, each picture resampled by its matrix.

    Outside the picture there is black (zeros), the picture mirrored about its outermost pixels (reflect), or those
    pixels drawn out (edge). Whole-pixel shifts and mirrorings are exact; elsewhere the result is that of real numbers
    to within 0.6 grey levels. Shapes: `(n, h, w, c), (n, 3, 3) -> (n, h, w, c)`, uint8.
    """
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np

    result = np.empty(images.shape, np.uint8)

    def work(part: slice) -> None:
        for i in range(*part.indices(len(images))):
            change = _shift if _is_shift(matrices[i]) else _resample
            change(images[i], matrices[i], fill, result[i])

    workers = min(_processors(), len(images))
    if workers < 2 or images.size < _BLOCK:
        work(slice(None))
    else:
        size = -(-len(images) // workers)
        with ThreadPoolExecutor(workers, thread_name_prefix="warp") as pool:
            list(pool.map(work, [slice(first, first + size) for first in range(0, len(images), size)]))
    return result


def about_centre(matrices: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return what these matrices do with (0, 0) at the middle of the picture, for places counted from its corner."""
    import numpy as np

    to, back = np.eye(3), np.eye(3)
    to[:2, 2] = -(width - 1) / 2, -(height - 1) / 2
    back[:2, 2] = -to[:2, 2]
    return np.asarray(back @ matrices @ to)


def identity(n: int) -> np.ndarray:
    """Return n matrices that change nothing, for the caller to write to."""
    import numpy as np

    return np.tile(np.eye(3), (n, 1, 1))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_shift(matrix: np.ndarray) -> bool:
    """Return whether a matrix only mirrors, and shifts by whole pixels."""
    (a, b, x), (c, d, y), last = matrix.tolist()
    return abs(a) == abs(d) == 1 and b == c == 0 and last == [0, 0, 1] and x % 1 == y % 1 == 0


def _shift(image: np.ndarray, matrix: np.ndarray, fill: str, result: np.ndarray) -> None:
    """Write to `result` what a whole-pixel matrix makes of one picture."""
    import numpy as np

    height, width, _ = image.shape
    (across, _, x), (_, down, y), _ = matrix.astype(np.int64).tolist()
    if x == (0 if across > 0 else width - 1) and y == (0 if down > 0 else height - 1):
        result[...] = image[::down, ::across]
        return
    rows = _inside(np.arange(height) * down + y, height, fill, 1)
    columns = _inside(np.arange(width) * across + x, width, fill, 1)
    result[...] = image.take(rows, axis=0, mode="clip").take(columns, axis=1, mode="clip")
    if fill == "zeros":
        result[(rows < 0) | (rows == height)] = 0
        result[:, (columns < 0) | (columns == width)] = 0


def _inside(places: np.ndarray, size: int, fill: str, one: int) -> np.ndarray:
    """Return the places within the picture that stand for these, `one` being a pixel; places may be overwritten.

    For zeros, one pixel of black stands on either side.
    """
    import numpy as np

    last = (size - 1) * one
    if fill == "zeros":
        return np.clip(places, -one, last + one, out=places)
    if fill == "reflect" and last:
        if places.min() < 0 or places.max() > last:
            places %= 2 * last
            np.minimum(places, 2 * last - places, out=places)
        return places
    return np.clip(places, 0, last, out=places)


def _resample(image: np.ndarray, matrix: np.ndarray, fill: str, result: np.ndarray) -> None:
    """Write to `result` what a matrix makes of one picture."""
    height, width, _ = image.shape
    packed = _pack(image)
    rows = max(1, _BLOCK // width)
    for top in range(0, height, rows):
        x, y = _places(matrix, width, range(top, min(top + rows, height)))
        _blend(packed, _inside(x, width, fill, _ONE), _inside(y, height, fill, _ONE), width + 3, result[top:])


def _places(matrix: np.ndarray, width: int, rows: range) -> tuple[np.ndarray, np.ndarray]:
    """Return the places x and y of the input that these rows of the output show, in 1/8192 pixel."""
    import numpy as np

    x, y = np.arange(width), np.arange(rows.start, rows.stop)[:, None]
    linear = np.array_equal(matrix[2], (0, 0, 1))
    if linear and (np.abs(matrix[:2]) @ (width, rows.stop, 1)).max() < _FAR:
        return tuple(
            np.rint(a * _ONE * x).astype(np.int32) + np.rint((b * y + c) * _ONE).astype(np.int32)
            for a, b, c in matrix[:2]
        )
    u, v, w = (a * x + (b * y + c) for a, b, c in matrix)
    behind = w < 1e-6  # what the eye has behind it is nowhere
    w[behind] = 1
    places = (np.where(behind, _FAR, np.clip(value / w, -_FAR, _FAR)) for value in (u, v))
    return tuple(np.rint(place * _ONE).astype(np.int32) for place in places)


def _pack(image: np.ndarray) -> list[np.ndarray]:
    """Return one 64-bit number a pixel for each three channels, row after row, a black border about them.

    The border is one pixel wide, and two at the right and the bottom: there stands the neighbour of the last one.
    """
    import numpy as np

    height, width, channels = image.shape
    packed = []
    for first in range(0, channels, _LANES):
        values = image[:, :, first].astype(np.uint64)
        for lane in range(1, min(_LANES, channels - first)):
            more = image[:, :, first + lane].astype(np.uint64)
            more <<= _LANE * lane
            values |= more
        bordered = np.zeros((height + 3, width + 3), np.uint64)
        bordered[1:-2, 1:-2] = values
        packed.append(bordered.ravel())
    return packed


def _blend(packed: list[np.ndarray], x: np.ndarray, y: np.ndarray, stride: int, result: np.ndarray) -> None:
    """Write to the first rows of `result` the blends of the four pixels about each place; x and y are overwritten."""
    import numpy as np

    index = y >> _BITS
    index *= stride
    index += x >> _BITS
    index += stride + 1
    index = index.astype(np.intp)
    x &= _ONE - 1
    y &= _ONE - 1
    both = x * y
    both += _ONE // 2
    both >>= _BITS
    x -= both
    y -= both
    weights = [weight.astype(np.uint64) for weight in (_ONE - x - y - both, x, y, both)]
    offsets = (0, 1, stride, stride + 1)
    half = np.uint64(sum(_ONE // 2 << _LANE * lane for lane in range(_LANES)))
    for group, values in enumerate(packed):
        total = np.full(x.shape, half)
        for offset, weight in zip(offsets, weights, strict=True):
            corner = values[offset:].take(index, mode="clip")
            corner *= weight
            total += corner
        for lane, channel in enumerate(range(group * _LANES, min((group + 1) * _LANES, result.shape[-1]))):
            result[: len(x), :, channel] = total >> np.uint64(_LANE * lane + _BITS)
