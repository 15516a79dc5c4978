"""Resample pictures once: every output pixel shows one place of the input, bilinearly.

Places are (x, y): x counts columns, y counts rows, and the centre of the first pixel is (0, 0). A 3x3 matrix M leads
from a place of the output to the place (u / w, v / w) of the input that it shows, with (u, v, w) = M (x, y, 1). So the
matrix of one change after another is the product of theirs in the order in which they happen. Masks and boxes move the
same way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
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
_VISIBLE = 0.3
"""The least part of a moved box that has to be in the picture for the box to be kept."""


def warp(images: np.ndarray, matrices: np.ndarray, fill: str = "zeros") -> np.ndarray:
    """Return the batch, each picture resampled by its matrix.

    Outside the picture there is black (zeros), the picture mirrored about its outermost pixels (reflect), or those
    pixels drawn out (edge). Whole-pixel shifts and mirrorings are exact; elsewhere the result is that of real numbers
    to within 0.6 grey levels. Shapes: `(n, h, w, c), (n, 3, 3) -> (n, h, w, c)`, uint8.
    """
    import numpy as np

    result = np.empty(images.shape, np.uint8)
    _, height, width, channels = images.shape
    resample = _Resampler(height, width, channels, fill)

    # No threads: the steps are so short that threads wait for each other longer than they work (measured).
    for image, matrix, out in zip(images, matrices, result, strict=True):
        if _is_shift(matrix):
            _shift(image, matrix, fill, out)
        else:
            resample(image, partial(_places, matrix, width), out)
    return result


def warp_by_field(images: np.ndarray, fields: np.ndarray, fill: str = "zeros") -> np.ndarray:
    """Return the batch, each output pixel (x, y) showing the place (x + dx, y + dy) of the input, bilinearly.

    A field holds dx and dy of every pixel, in pixels. Outside the picture there is what `warp` puts there.
    Shapes: `(n, h, w, c), (n, 2, h, w) -> (n, h, w, c)`, uint8.
    """
    import numpy as np

    result = np.empty(images.shape, np.uint8)
    _, height, width, channels = images.shape
    resample = _Resampler(height, width, channels, fill)
    for image, field, out in zip(images, fields, result, strict=True):
        resample(image, partial(_field_places, field), out)
    return result


def warp_masks(masks: np.ndarray, matrices: np.ndarray, fill: str = "zeros") -> np.ndarray:
    """Return the masks, each moved as `warp` moves its picture; a pixel has the class of the nearest one.

    Where the picture shows black from outside (zeros), the mask has IGNORE; mirrored or drawn out pixels have their
    class. Shapes: `(n, h, w), (n, 3, 3) -> (n, h, w)`, uint8.
    """
    import numpy as np

    _, height, width = masks.shape
    places = (_places(matrix, width, range(height)) for matrix in matrices)
    moved = [_nearest(mask, x, y, fill) for mask, (x, y) in zip(masks, places, strict=True)]
    return np.array(moved, np.uint8).reshape(masks.shape)


def warp_masks_by_field(masks: np.ndarray, fields: np.ndarray, fill: str = "zeros") -> np.ndarray:
    """Return the masks, each moved as `warp_by_field` moves its picture; a pixel has the class of the nearest one.

    Shapes: `(n, h, w), (n, 2, h, w) -> (n, h, w)`, uint8.
    """
    import numpy as np

    rows = range(masks.shape[1])
    places = (_field_places(field, rows) for field in fields)
    moved = [_nearest(mask, x, y, fill) for mask, (x, y) in zip(masks, places, strict=True)]
    return np.array(moved, np.uint8).reshape(masks.shape)


def move_boxes(boxes: np.ndarray, matrices: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes as `warp` moves their picture, and which of them are kept.

    Boxes are left, top, right and bottom in pixels from the picture's upper left corner, which is half a pixel from the
    centre of the first one. A moved box is the smallest upright one about its four moved corners, cut to the picture.
    It is kept where at least 30 % of its area are left and each side is a pixel or more. One matrix is for all boxes.
    Shapes: `(k, 4), (3, 3) or (k, 3, 3) -> (k, 4) float32, (k,) bool`.
    """
    import numpy as np

    boxes, matrices = np.asarray(boxes, "float64").reshape(-1, 4), np.broadcast_to(matrices, (len(boxes), 3, 3))
    flat = np.abs(np.linalg.det(matrices)) < 1e-12  # a picture that is all one line shows no box
    back = np.linalg.inv(np.where(flat[:, None, None], np.eye(3), matrices))
    corners = boxes[:, [0, 2, 2, 0, 1, 1, 3, 3]].reshape(-1, 2, 4) - 0.5
    x, y, w = (back @ np.concatenate([corners, np.ones((len(boxes), 1, 4))], axis=1)).transpose(1, 0, 2)
    behind = (w < 1e-6).any(axis=1)
    w = np.where(behind[:, None], 1.0, w)
    moved = np.stack([x / w, y / w], axis=1) + 0.5
    whole = np.concatenate([moved.min(axis=2), moved.max(axis=2)], axis=1)
    cut = np.clip(whole, 0, (width, height, width, height))
    sides, area = cut[:, 2:] - cut[:, :2], (whole[:, 2:] - whole[:, :2]).prod(axis=1)
    # A millionth of slack, for what rounding takes from a side of just one pixel.
    kept = (sides >= 1 - 1e-6).all(axis=1) & (sides.prod(axis=1) >= (_VISIBLE - 1e-6) * area)
    return cut.astype("float32"), kept & ~behind & ~flat


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


def _is_shift(matrix: np.ndarray) -> bool:
    """Return whether a matrix only mirrors, and shifts by whole pixels."""
    (a, b, x), (c, d, y), last = matrix.tolist()
    return abs(a) == abs(d) == 1 and b == c == 0 and last == [0, 0, 1] and x % 1 == y % 1 == 0


def _shift(image: np.ndarray, matrix: np.ndarray, fill: str, result: np.ndarray) -> None:
    """Write to `result` what a whole-pixel matrix makes of one picture."""
    import numpy as np

    height, width, _ = image.shape
    (across, _, x), (_, down, y), _ = matrix.tolist()
    image = image[:: int(down), :: int(across)]
    # Output pixel (i, j) shows pixel (i + x, j + y) of the picture that is mirrored already.
    x, y = int(x if across > 0 else width - 1 - x), int(y if down > 0 else height - 1 - y)
    if x == y == 0:
        result[...] = image
    elif fill == "zeros":
        result[...] = 0
        if abs(x) < width and abs(y) < height:
            left, top, right, bottom = max(0, -x), max(0, -y), min(width, width - x), min(height, height - y)
            result[top:bottom, left:right] = image[top + y : bottom + y, left + x : right + x]
    else:
        rows = _inside(np.arange(y, y + height), height, fill, 1)
        columns = _inside(np.arange(x, x + width), width, fill, 1)
        result[...] = image.take(rows, axis=0).take(columns, axis=1)


def _inside(places: np.ndarray, size: int, fill: str, one: int) -> np.ndarray:
    """Return the places within the picture that stand for these, `one` being a pixel; places may be overwritten.

    For zeros, one pixel of black stands on either side.
    """
    import numpy as np

    last = (size - 1) * one
    if fill == "zeros":
        return np.clip(places, -one, last + one, out=places)
    if fill == "reflect" and last:
        low, high = places.min(), places.max()
        if low < -last or high > 2 * last:
            places %= 2 * last
        elif low < 0:
            np.abs(places, out=places)
        return np.minimum(places, 2 * last - places, out=places) if high > last or low < -last else places
    return np.clip(places, 0, last, out=places)


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


def _field_places(field: np.ndarray, rows: range) -> tuple[np.ndarray, np.ndarray]:
    """Return the places x and y of the input that these rows of the output show, in 1/8192 pixel."""
    import numpy as np

    dx, dy = np.rint(np.clip(field[:, rows.start : rows.stop], -_FAR, _FAR) * _ONE).astype(np.int32)
    dx += np.arange(field.shape[2], dtype=np.int32) * _ONE
    dy += (np.arange(rows.start, rows.stop, dtype=np.int32) * _ONE)[:, None]
    return dx, dy


def _nearest(mask: np.ndarray, x: np.ndarray, y: np.ndarray, fill: str) -> np.ndarray:
    """Return the classes of the pixels nearest to these places, in 1/8192 pixel; x and y are overwritten."""
    import numpy as np

    from kerascnn.spec.kinds import IGNORE

    height, width = mask.shape
    for places, size in ((x, width), (y, height)):
        places += _ONE // 2
        places >>= _BITS
        places[...] = _inside(places, size, fill, 1)
    return np.pad(mask, 1, constant_values=IGNORE)[y + 1, x + 1]


class _Resampler:
    """Resamples pictures of one shape, in memory that it keeps: fresh memory costs as much as the work on it."""

    def __init__(self, height: int, width: int, channels: int, fill: str):
        import numpy as np

        self.height, self.width, self.fill = height, width, fill
        self.groups = [range(first, min(first + _LANES, channels)) for first in range(0, channels, _LANES)]
        # One pixel of black about the picture, and two at the right and the bottom: the neighbours of the last ones.
        self.bordered = np.zeros((len(self.groups), height + 3, width + 3), np.uint64)
        self.rows = min(max(1, _BLOCK // width), height)
        self.whole = np.empty((2, self.rows, width), np.int32)
        self.index = np.empty((self.rows, width), np.intp)
        self.long = np.empty((6, self.rows, width), np.uint64)

    def __call__(
        self, image: np.ndarray, places: Callable[[range], tuple[np.ndarray, np.ndarray]], result: np.ndarray
    ) -> None:
        """Write to `result` what one picture shows at the places x and y of each row of the output."""
        for values, channels in zip(self.bordered, self.groups, strict=True):
            self._pack(image, channels, values[1:-2, 1:-2])
        for top in range(0, self.height, self.rows):
            rows = range(top, min(top + self.rows, self.height))
            x, y = places(rows)
            self._blend(
                _inside(x, self.width, self.fill, _ONE),
                _inside(y, self.height, self.fill, _ONE),
                result[top : rows.stop],
            )

    def _pack(self, image: np.ndarray, channels: range, values: np.ndarray) -> None:
        """Write one 64-bit number a pixel, a channel in each lane."""
        for top in range(0, self.height, self.rows):
            part = image[top : top + self.rows]
            total, more = self.long[:2, : len(part)]
            total[...] = part[..., channels[-1]]
            for channel in reversed(channels[:-1]):
                total <<= _LANE
                more[...] = part[..., channel]
                total |= more
            values[top : top + self.rows] = total

    def _blend(self, x: np.ndarray, y: np.ndarray, result: np.ndarray) -> None:
        """Write the blends of the four pixels about each place; x and y are overwritten."""
        import numpy as np

        n, stride = len(x), self.width + 3
        first, both = self.whole[:, :n]
        index, total, corner = self.index[:n], *self.long[:2, :n]
        weights = self.long[2:, :n]
        np.right_shift(y, _BITS, out=first)
        first *= stride
        first += np.right_shift(x, _BITS, out=both)
        first += stride + 1
        index[...] = first
        x &= _ONE - 1
        y &= _ONE - 1
        np.multiply(x, y, out=both)
        both += _ONE // 2
        both >>= _BITS
        x -= both
        y -= both
        np.subtract(_ONE, x, out=first)
        first -= y
        first -= both
        for weight, whole in zip(weights, (first, x, y, both), strict=True):
            weight[...] = whole
        for bordered, channels in zip(self.bordered, self.groups, strict=True):
            values = bordered.ravel()
            total[...] = sum(_ONE // 2 << _LANE * lane for lane in range(_LANES))
            for offset, weight in zip((0, 1, stride, stride + 1), weights, strict=True):
                values[offset:].take(index, mode="clip", out=corner)
                corner *= weight
                total += corner
            total >>= _BITS
            for channel in channels:
                result[..., channel] = total  # the lowest 8 bits
                total >>= _LANE
