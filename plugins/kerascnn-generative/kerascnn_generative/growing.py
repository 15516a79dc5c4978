"""From a few numbers to a picture: transposed convolutions that double height and width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LEAST = 4
"""Sides up to this are where a picture begins; 4 in DCGAN's paper."""
_FEWEST = 8
_KERNEL = 5

Begin = Callable[[], Any]
"""Gives the initial weights of the next layer."""


def grids(height: int, width: int) -> list[tuple[int, int]]:
    """Return the sizes from the smallest grid to the picture, each half of the next, rounded up.

    >>> grids(28, 28)
    [(4, 4), (7, 7), (14, 14), (28, 28)]
    """
    found = [(height, width)]
    while min(found[0]) > _LEAST:
        found.insert(0, ((found[0][0] + 1) // 2, (found[0][1] + 1) // 2))
    return found


def grown(x: Any, size: tuple[int, int], channels: int, filters: int, *, final: str, begin: Begin | None = None) -> Any:
    """Return pictures `(n, height, width, channels)` of rows of numbers, in float32, after the activation `final`.

    `filters` are the channels of the smallest grid, half as many at each larger one.
    """
    from keras import layers

    given: Callable[[], dict[str, Any]] = lambda: {"kernel_initializer": begin()} if begin else {}  # noqa: E731
    (height, width), *larger = grids(*size)
    x = layers.Dense(height * width * filters, use_bias=False, name="grid", **given())(x)
    x = _activated(layers.Reshape((height, width, filters), name="places")(x), 0)
    for i, (height, width) in enumerate(larger, 1):
        last = i == len(larger)
        filters = channels if last else max(_FEWEST, filters // 2)
        # The last one alone is no longer normalised: its numbers are those of the picture.
        x = layers.Conv2DTranspose(
            filters, _KERNEL, 2, "same", use_bias=last, name=f"grow{i}", dtype="float32" if last else None, **given()
        )(x)
        if (over := (x.shape[1] - height, x.shape[2] - width)) != (0, 0):
            x = layers.Cropping2D(((0, over[0]), (0, over[1])), name=f"crop{i}")(x)
        if not last:
            x = _activated(x, i)
    if not larger:
        x = layers.Conv2D(channels, _KERNEL, padding="same", name="draw", dtype="float32", **given())(x)
    return layers.Activation(final, dtype="float32", name="picture")(x)


def _activated(x: Any, i: int) -> Any:
    from keras import layers

    return layers.ReLU(name=f"act{i}")(layers.BatchNormalization(momentum=0.9, name=f"norm{i}")(x))
