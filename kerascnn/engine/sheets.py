"""Sheets of what is inside a network: the maps that a layer makes of an element, and the filters of a convolution."""

from __future__ import annotations

import io
import math
from typing import Any

import keras
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerascnn.errors import UsageError, printable
from kerascnn.spec.section import nearest

_MOST = 64
"""Tiles on a sheet."""
_TILE, _GAP, _LINE, _LETTERS = 72, 4, 20, 12
_PAPER = (255, 255, 255)


def feature_sheet(values: np.ndarray, title: str) -> bytes:
    """Return a PNG of feature maps `(*places, channels)`, each from its smallest number, black, to its largest, white.

    Of a series the steps run to the right. There are at most 64 maps: the first.
    """
    maps = np.moveaxis(values, -1, 0)[:_MOST]
    maps = maps if maps.ndim == 3 else maps[:, None]
    return _sheet([_grey(one) for one in maps], _said(title, len(maps), values.shape[-1], "maps"))


def filter_sheet(kernel: np.ndarray, title: str) -> bytes:
    """Return a PNG of the filters of a convolution, `(h, w, inputs, filters)` or `(steps, inputs, filters)`.

    Filters of three inputs are in colour. Of others with more than one, each input is a tile beside the one before, and
    of a series a row. Grey is 0, white above. There are at most 64 filters: the first.
    """
    filters = np.moveaxis(kernel, -1, 0)[:_MOST]
    tiles = []
    for one in filters:
        if one.ndim == 2:
            one = one.T[..., None]
        largest = float(np.abs(one).max()) or 1.0
        scaled = np.asarray((127.5 * (one / largest + 1)).round(), "uint8")
        tiles.append(scaled if scaled.shape[-1] in (1, 3) else np.concatenate(np.moveaxis(scaled, -1, 0), 1)[..., None])
    return _sheet(tiles, _said(title, len(filters), kernel.shape[-1], "filters"))


def picture_sheet(pictures: np.ndarray, title: str) -> bytes:
    """Return a PNG of pictures, uint8 `(n, h, w, c)`; those of other than one or three channels in grey."""
    tiles = list(pictures if pictures.shape[-1] in (1, 3) else pictures.mean(-1, keepdims=True).astype("uint8"))
    return _sheet(tiles, title)


def kernel_of(backbone: keras.Model, name: str | None) -> tuple[str, np.ndarray]:
    """Return the name and the kernel of a convolution of the backbone; None: of the first. Raises UsageError."""
    found: dict[str, Any] = {}
    for layer in backbone.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and len(kernel.shape) in (3, 4) and "Conv" in type(layer).__name__:
            found[layer.name] = kernel
    if not found:
        raise UsageError("the backbone has no convolution of its own, and so no filters to show")
    if name is not None and name not in found:
        near = nearest(name, found)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(list(found)[:10])}"
        raise UsageError(f"the backbone has no convolution named '{name}'; {hint}")
    chosen = name or next(iter(found))
    return chosen, np.asarray(keras.ops.convert_to_numpy(found[chosen]), "float32")


def _grey(one: np.ndarray) -> np.ndarray:
    low, high = float(one.min()), float(one.max())
    return np.asarray(((one - low) * (255 / (high - low)) if high > low else np.zeros_like(one)).round(), "uint8")[
        ..., None
    ]


def _said(title: str, shown: int, there: int, noun: str) -> str:
    return f"{title}: {f'{shown} of ' if shown < there else ''}{there} {noun}"


def _sheet(tiles: list[np.ndarray], title: str) -> bytes:
    """Return a PNG of tiles `(h, w, 1 or 3)` of one shape, side by side in rows, under a title."""
    height, width = tiles[0].shape[:2]
    # Small maps grow by a whole factor, so that their pixels stay squares; a line of a series is made a band.
    factor = max(1, round(_TILE / max(height, width)))
    size = width * factor, height * factor if height > 1 else max(factor, _TILE // 4)
    columns = max(1, min(len(tiles), math.ceil(math.sqrt(len(tiles) * size[1] / size[0]))))
    font = ImageFont.load_default(_LETTERS)
    title = printable(title)
    wide = max(columns * (size[0] + _GAP) + _GAP, int(font.getlength(title)) + 4 * _GAP)
    image = Image.new("RGB", (wide, math.ceil(len(tiles) / columns) * (size[1] + _GAP) + _LINE + _GAP), _PAPER)
    ImageDraw.Draw(image).text((2 * _GAP, 3), title, (0, 0, 0), font)
    for i, tile in enumerate(tiles):
        one = Image.fromarray(tile[..., 0] if tile.shape[-1] == 1 else tile).convert("RGB")
        place = _GAP + i % columns * (size[0] + _GAP), _LINE + _GAP + i // columns * (size[1] + _GAP)
        image.paste(one.resize(size, Image.Resampling.NEAREST), place)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
