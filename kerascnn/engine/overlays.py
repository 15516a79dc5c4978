"""What samples are answered with, drawn on their pictures: masks as colours of classes, boxes with their names."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerascnn.errors import printable
from kerascnn.spec.kinds import IGNORE

Colour = tuple[int, int, int]

# Dark enough for white letters.
_PALETTE = ("0072b2", "d1480d", "00775a", "a8327a", "8a6100", "5b3fb5", "c01f2e", "33691e", "6d4c41", "37474f")
_SHARE = 0.4
"""Of the colour of a class in what is seen of a pixel, but at its edges, which have the colour itself."""
_STRIPES = (96, 176)
"""Grey values of the stripes where nothing is learnt."""
_STRIPE = 4
"""Width of a stripe in pixels."""
_NAMED = 8
"""Boxes of a picture that have their names beside them, at the most: of more, names would hide one another."""
_LETTERS = 14
_FONT = 10
_LEGEND = 24
_NOTHING = "nothing is learnt here"


def colour_of(number: int) -> Colour:
    """Return the colour of a class."""
    if number < len(_PALETTE):
        red, green, blue = bytes.fromhex(_PALETTE[number])
        return red, green, blue
    # Hues by the golden angle: the next one is always far from those before it.
    parts = colorsys.hls_to_rgb(number * 0.618034 % 1, 0.36, 0.6)
    return round(255 * parts[0]), round(255 * parts[1]), round(255 * parts[2])


def tint(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return uint8 `(h, w, 3)`: the picture in the colours of a mask's classes, striped grey where nothing is learnt.

    The mask is brought to the picture's size, each pixel that of the nearest one.
    """
    height, width = pixels.shape[:2]
    fitted = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
    table = np.array([colour_of(number) for number in range(256)], "float32")
    share = np.where(_edges(fitted), 1.0, _SHARE)[..., None]
    mixed = (1 - share) * pixels + share * table[fitted]
    rows, columns = np.mgrid[:height, :width]
    stripes = np.array(_STRIPES)[(rows + columns) // _STRIPE % 2][..., None]
    return np.asarray(np.where((fitted == IGNORE)[..., None], stripes, mixed).round(), "uint8")


def _edges(mask: np.ndarray) -> np.ndarray:
    """Return where a pixel of a mask has a neighbour of another class."""
    found = np.zeros(mask.shape, bool)
    for axis in (0, 1):
        apart = np.diff(mask, axis=axis) != 0
        before, after = (
            tuple(slice(*ends) if a == axis else slice(None) for a in (0, 1)) for ends in ((-1,), (1, None))
        )
        found[before] |= apart
        found[after] |= apart
    return found


def classes_of(answer: np.ndarray, kind: str) -> set[int]:
    """Return the classes in a mask (IGNORE among them, if it is there) or in the boxes of a picture."""
    if kind == "boxes":
        return {int(number) for number in answer[:, 0]}
    return set(np.flatnonzero(np.bincount(answer.ravel(), minlength=256)).tolist())


def outline(boxes: np.ndarray, labels: Sequence[str], size: tuple[int, int], shown: float) -> str:
    """Return an SVG of boxes `(k, 5)` in pixels of a picture of this size, to lie over it.

    `shown` is the size of a pixel of the picture on the screen, in pixels of that.
    """
    height, width = size
    font = _FONT / shown
    drawn = []
    for number, left, top, right, bottom in boxes.tolist():
        colour, name = _hex(int(number)), escape(printable(labels[int(number)]))
        drawn.append(
            f"<rect x='{left:.1f}' y='{top:.1f}' width='{right - left:.1f}' height='{bottom - top:.1f}' fill='none' "
            f"stroke='{colour}' stroke-width='{1.6 / shown:.2f}'><title>{name}</title></rect>"
        )
    for number, left, top, _, bottom in boxes.tolist() if len(boxes) <= _NAMED else ():
        name = _short(labels[int(number)])
        wide = 0.6 * font * len(name) + 0.4 * font
        x, y = _beside((left, top, bottom), (1.2 * font, wide), size)
        drawn.append(
            f"<rect x='{x:.1f}' y='{y:.1f}' width='{wide:.1f}' height='{1.2 * font:.1f}' "
            f"fill='{_hex(int(number))}'/><text x='{x + 0.2 * font:.1f}' y='{y + 0.92 * font:.1f}' "
            f"font-size='{font:.1f}' textLength='{wide - 0.4 * font:.1f}' lengthAdjust='spacingAndGlyphs' "
            f"fill='#fff'>{escape(name)}</text>"
        )
    said = ", ".join(sorted({printable(labels[number]) for number in classes_of(boxes, "boxes")}))
    return f"<svg viewBox='0 0 {width} {height}' role='img' aria-label='{escape(said)}'>{''.join(drawn)}</svg>"


def draw_boxes(pixels: np.ndarray, boxes: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return uint8 `(h, w, 3)`: the picture with its boxes `(k, 5)`, and their names where they have room."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_FONT)
    for number, left, top, right, bottom in boxes.round().astype(int).tolist():
        # Pillow draws the last pixel as well.
        far = max(left, min(right, image.width) - 1), max(top, min(bottom, image.height) - 1)
        draw.rectangle([left, top, *far], outline=colour_of(number))
    for number, left, top, right, bottom in boxes.tolist() if len(boxes) <= _NAMED else ():
        name = _short(labels[int(number)])
        wide = draw.textlength(name, font) + 4
        if wide <= max(right - left, image.width / 3):  # else it would hide more than it says
            x, y = _beside((left, top, bottom), (_FONT + 3, wide), pixels.shape[:2])
            draw.rectangle([x, y, x + wide, y + _FONT + 3], fill=colour_of(int(number)))
            draw.text((x + 2, y), name, (255, 255, 255), font)
    return np.asarray(image)


def legend_text(numbers: Iterable[int], labels: Sequence[str]) -> str:
    """Return a line of HTML on what the colours mean."""
    keys = [
        f"<span class='key{' ignored' if number == IGNORE else ''}'"
        + ("" if number == IGNORE else f" style='background: {_hex(number)}'")
        + f"></span>{escape(name)}"
        for number, name in _named(numbers, labels)
    ]
    more = f" and {len(keys) - _LEGEND} more" if len(keys) > _LEGEND else ""
    return f"<p class='note legend'>{''.join(keys[:_LEGEND])}{more}</p>" if keys else ""


def legend_picture(numbers: Iterable[int], labels: Sequence[str], width: int) -> np.ndarray:
    """Return uint8 `(h, width, 3)`: what the colours mean, in as many lines as it takes."""
    font = ImageFont.load_default(_FONT)
    line, gap = _FONT + 6, 4
    places: list[tuple[int, int, int, str]] = []
    x, y = gap, 0
    for number, name in list(_named(numbers, labels))[:_LEGEND]:
        wide = 14 + int(font.getlength(name)) + 2 * gap
        if x > gap and x + wide > width:
            x, y = gap, y + line
        places.append((x, y, number, name))
        x += wide
    image = Image.new("RGB", (width, y + line), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    for x, y, number, name in places:
        draw.rectangle([x, y + 3, x + 9, y + 12], fill=_STRIPES[:1] * 3 if number == IGNORE else colour_of(number))
        draw.text((x + 14, y + 1), name, (0, 0, 0), font)
    return np.asarray(image)


def _named(numbers: Iterable[int], labels: Sequence[str]) -> Iterable[tuple[int, str]]:
    for number in sorted(numbers):
        yield number, _NOTHING if number == IGNORE else printable(labels[number])


def _beside(box: tuple[float, float, float], name: tuple[float, float], size: tuple[int, ...]) -> tuple[float, float]:
    """Return where the name of a box (left, top, bottom) stands: above it, below it or inside, where there is room."""
    left, top, bottom = box
    high, wide = name
    y = top - high if top >= high else bottom if bottom + high <= size[0] else top
    return max(0.0, min(left, size[1] - wide)), y


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 2]}.."


def _hex(number: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour_of(number))
