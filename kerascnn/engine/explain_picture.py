"""Explanations drawn: maps over pictures, lines in the colours of their maps, and texts on coloured ground."""

from __future__ import annotations

import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerascnn.engine.explain import Explanation
from kerascnn.errors import printable

_FOR, _AGAINST = (214, 40, 26), (24, 88, 190)
_HOT = (255, 208, 40)
"""The colour of the strongest places of a map that has no signs."""
_SIDE, _GAP, _LINE, _LETTERS = 256, 8, 18, 12
_WIDE, _HIGH = 900, 160
_BACKGROUND = (255, 255, 255)
_FAINT = (176, 176, 176)
_COVER = 0.85
"""Of the colour in what is seen of the strongest place."""


def draw(found: Explanation, method: str, *, signed: bool) -> tuple[bytes, str]:
    """Return the file of an explanation and its ending: a PNG of a picture, a series or a sound, HTML of a text."""
    if found.element.ndim == 1:
        return _text(found, method, signed=signed).encode("utf-8", "backslashreplace"), ".html"
    picture = _picture(found) if found.element.ndim == 3 else _line(found)
    image = _captioned(picture, caption(found, method))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue(), ".png"


def caption(found: Explanation, method: str) -> list[str]:
    """Return what is shown, in two lines."""
    value = "" if found.value is None else f" {found.value:.4g}"
    sure = "" if found.answer.confidence is None else f" ({found.answer.confidence:.4g})"
    said = "" if (found.answer.label, found.answer.confidence) == (found.label, found.value) else found.answer.label
    nothing = "" if (found.map > 0).any() else ": nothing speaks for it"
    first = f"{found.label}{value}, {method}{nothing}"
    return [printable(first), printable(f"answer: {said}{sure}" if said else Path(found.path).name)]


def weights_of(values: np.ndarray) -> np.ndarray:
    """Return a map between -1 and 1: over its largest number but for the last 0.5 %, of whichever sign."""
    sizes = np.abs(np.asarray(values, "float64"))
    # One odd place would leave the others dark; where fewer have any weight, the largest decides.
    largest = float(np.percentile(sizes, 99.5)) or float(sizes.max(initial=0.0))
    return np.clip(values / largest, -1, 1) if largest else np.zeros_like(values)


def colours_of(weights: np.ndarray) -> np.ndarray:
    """Return the colour of each weight, float32 `(..., 3)`: red to yellow what speaks for, blue what against."""
    share = np.clip(weights, 0, 1)[..., None]
    warm = (1 - share) * np.array(_FOR, "float32") + share * np.array(_HOT, "float32")
    return np.where((weights < 0)[..., None], np.array(_AGAINST, "float32"), warm)


def _picture(found: Explanation) -> Image.Image:
    """Return the picture beside itself in grey with the map over it."""
    pixels = found.element
    colour = pixels if pixels.shape[-1] == 3 else np.repeat(pixels.mean(-1, keepdims=True), 3, -1)
    weights = weights_of(found.map)
    grey = np.repeat(pixels.astype("float32").mean(-1, keepdims=True), 3, -1)
    share = _COVER * np.sqrt(np.abs(weights))[..., None]
    over = (1 - share) * grey + share * colours_of(weights)
    pair = [Image.fromarray(np.asarray(one.round(), "uint8")) for one in (colour.astype("float32"), over)]
    factor = max(1, round(_SIDE / max(pixels.shape[:2])))
    size = pixels.shape[1] * factor, pixels.shape[0] * factor
    image = Image.new("RGB", (2 * size[0] + _GAP, size[1]), _BACKGROUND)
    for i, one in enumerate(pair):
        image.paste(one.resize(size, Image.Resampling.NEAREST), (i * (size[0] + _GAP), 0))
    return image


def _line(found: Explanation) -> Image.Image:
    """Return each channel of a series or a sound as a line in the colours of the map."""
    series = found.element
    weights = weights_of(found.map)
    image = Image.new("RGB", (_WIDE, _HIGH * series.shape[1]), _BACKGROUND)
    pen = ImageDraw.Draw(image)
    for channel in range(series.shape[1]):
        places, values = _thinned(series[:, channel])
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        x = places / max(1, len(series) - 1) * (_WIDE - 1 - 2 * _GAP) + _GAP
        y = (high - values) / ((high - low) or 1.0) * (_HIGH - 2 * _GAP) + _GAP + channel * _HIGH
        # A map of frames has fewer places than the sound has samples.
        at = weights[np.minimum((places * len(weights) / len(series)).astype(int), len(weights) - 1)]
        share = np.sqrt(np.abs(at))[:, None]
        colours = ((1 - share) * np.array(_FAINT) + share * colours_of(at)).round().astype(int)
        for i in range(1, len(x)):
            pen.line([x[i - 1], y[i - 1], x[i], y[i]], fill=tuple(colours[i].tolist()), width=3)
    return image


def _thinned(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places and values of a line that are there, of a long one the smallest and largest of each column."""
    places = np.flatnonzero(np.isfinite(values))
    if len(places) <= 4 * _WIDE:
        return places, values[places]
    parts = [part for part in np.array_split(places, _WIDE) if len(part)]
    ends = [sorted({int(part[values[part].argmin()]), int(part[values[part].argmax()])}) for part in parts]
    kept = np.array([place for pair in ends for place in pair])
    return kept, values[kept]


def _captioned(picture: Image.Image, lines: list[str]) -> Image.Image:
    font = ImageFont.load_default(_LETTERS)
    width = max(picture.width, *(int(font.getlength(line)) + 2 * _GAP for line in lines))
    image = Image.new("RGB", (min(width, 4 * _WIDE), picture.height + _LINE * len(lines) + _GAP), _BACKGROUND)
    pen = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        pen.text((_GAP, 3 + i * _LINE), line, (0, 0, 0), font)
    image.paste(picture, (0, image.height - picture.height))
    return image


def _text(found: Explanation, method: str, *, signed: bool) -> str:
    """Return a page of HTML that loads nothing: each token on a ground of its colour, its weight as a title."""
    weights = weights_of(found.map[: len(found.tokens)])
    first, second = caption(found, method)
    words = [
        f"<span style='background: {_ground(weight)}' title='{value:.4g}'>{escape(printable(token))}</span>"
        for token, weight, value in zip(found.tokens, weights.tolist(), found.map.tolist(), strict=False)
    ]
    against = " Blue speaks against it." if signed else ""
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(first)}</title>\n"
        "<style>body {font: 16px/1.9 Helvetica, Arial, sans-serif; max-width: 50em; margin: 2em auto; color: #111;\n"
        "background: #fff} span {padding: 0.15em 0.2em; border-radius: 0.2em} .note {color: #555}</style>\n"
        f"<h1 style='font-size: 1.1em'>{escape(first)}</h1>\n<p>{' '.join(words)}</p>\n"
        f"<p class='note'>{escape(second)}. Yellow and red speak for {escape(printable(found.label))}.{against}</p>\n"
        "</html>\n"
    )


def _ground(weight: float) -> str:
    """Return a colour light enough for black letters."""
    red, green, blue = _AGAINST if weight < 0 else (255, 120, 20)
    return f"rgba({red}, {green}, {blue}, {0.6 * abs(weight):.3f})"
