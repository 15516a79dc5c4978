"""Which places of the input lie under those of feature maps, and maps brought from the one to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerascnn.engine.taps import feeders, operation_of, tiling

Line = tuple[float, float]
"""The middle of place j of a map, in places of the input: the first number times j, plus the second."""

_CONVOLVING = ("Conv1D", "Conv2D", "DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D")
_POOLING = ("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D")
_PADDING = ("ZeroPadding1D", "ZeroPadding2D")


def spread(maps: np.ndarray, tensor: Any, source: Any) -> np.ndarray:
    """Return maps `(n, *places)` of a tensor over the places of the input, read off between the places of the tensor.

    At its edges a map goes on as it ends. Tokens of a picture become a grid first.
    """
    size = tuple(source.shape[1:-1])
    if maps.ndim - 1 < len(size):
        grid = tiling(maps.shape[1], size)
        assert grid is not None, "one for each patch"
        maps = maps.reshape(len(maps), *grid)
        lines = [_even(own, length) for own, length in zip(grid, size, strict=True)]
    else:
        lines = _lines(tensor, source)
    return resample(maps, size, lines)


def resample(maps: np.ndarray, size: Sequence[int], lines: Sequence[Line] | None = None) -> np.ndarray:
    """Return maps `(n, *places)` at another size, straight lines between their places; left out: spread evenly.

    >>> resample(np.array([[0.0, 1.0]]), (4,)).tolist()
    [[0.0, 0.25, 0.75, 1.0]]
    """
    maps = np.asarray(maps, "float32")
    for axis, length in enumerate(size, 1):
        own = maps.shape[axis]
        scale, start = lines[axis - 1] if lines else _even(own, length)
        at = np.clip((np.arange(length) - start) / scale, 0, own - 1)
        low = np.floor(at).astype(int)
        share = (at - low).astype("float32").reshape(-1, *[1] * (maps.ndim - axis - 1))
        high = np.minimum(low + 1, own - 1)
        maps = np.take(maps, low, axis) * (1 - share) + np.take(maps, high, axis) * share
    return maps


def _even(own: int, length: int) -> Line:
    return length / own, (length / own - 1) / 2


def _lines(tensor: Any, source: Any) -> list[Line]:
    """Return the line of each axis, followed back to the input through one branch after another.

    Where an operation on the way is none that is known, places are taken to be spread evenly.
    """
    axes = range(len(source.shape) - 2)
    even = [_even(tensor.shape[axis + 1], source.shape[axis + 1]) for axis in axes]
    steps: list[list[Line]] = []
    at = tensor
    while at is not source:
        before = next((one for one in feeders(at) if len(one.shape) == len(source.shape)), None)
        if before is None:
            return even
        found = [_step(operation_of(at), before.shape[axis + 1], at.shape[axis + 1], axis) for axis in axes]
        known = [line for line in found if line is not None]
        if len(known) < len(found):
            return even
        steps.append(known)
        at = before
    lines = [(1.0, 0.0) for _ in axes]
    for step in steps:
        lines = [(scale * a, scale * b + start) for (a, b), (scale, start) in zip(lines, step, strict=True)]
    return lines


def _step(operation: Any, before: int, after: int, axis: int) -> Line | None:
    """Return the line of one operation: from its input's places to its output's."""
    kind = type(operation).__name__
    if kind in _CONVOLVING + _POOLING:
        return _window(operation, before, after, axis)
    if kind in _PADDING:
        padding = operation.padding[axis] if kind == "ZeroPadding2D" else operation.padding
        return 1.0, -float(padding[0])
    return (1.0, 0.0) if before == after else None


def _window(operation: Any, before: int, after: int, axis: int) -> Line:
    def of(name: str) -> int:
        value = getattr(operation, name, 1)
        return int(value if isinstance(value, int) else value[axis])

    strides = of("strides")
    side = of("kernel_size" if hasattr(operation, "kernel_size") else "pool_size")
    reach = (side - 1) * of("dilation_rate")
    left = 0
    if operation.padding == "same":
        left = max((after - 1) * strides + reach + 1 - before, 0) // 2
    elif operation.padding == "causal":
        left = reach
    return float(strides), reach / 2 - left
