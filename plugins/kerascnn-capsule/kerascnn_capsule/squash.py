"""The lengths of vectors, and the function that brings them below 1."""

from __future__ import annotations

from typing import Any

_LITTLE = 1e-9
"""Added under a root, so that a vector of zeros has a gradient."""


def squash(x: Any) -> Any:
    """Return vectors `(..., size)` of the same direction whose length l has become l^2 / (1 + l^2)."""
    from keras import ops

    wide = ops.cast(x, "float32")
    square = ops.sum(ops.square(wide), axis=-1, keepdims=True)
    factor = ops.divide(ops.sqrt(ops.add(square, _LITTLE)), ops.add(square, 1.0))
    return ops.cast(ops.multiply(wide, factor), x.dtype)


def lengths(x: Any) -> Any:
    """Return the length of each vector: `(..., size) -> (...)`."""
    from keras import ops

    return ops.sqrt(ops.add(ops.sum(ops.square(x), axis=-1), _LITTLE))
