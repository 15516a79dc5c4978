"""What a page shows of single samples: a small picture, a piece of a text, a curve."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image

from kerascnn.engine.data import Dataset
from kerascnn.engine.overlays import classes_of, legend_text, outline, tint
from kerascnn.engine.pictures import PictureError, read_picture
from kerascnn.errors import printable

_SIDE = 128
"""Longer side of a small picture in pixels."""
_LARGER, _SHOWN = 256, 160
"""Of one with a mask or boxes, and its width on the page."""
_QUALITY = 80
_LETTERS = 300
_POINTS = 160
_CHANNELS = 4


class Cards:
    """Draws the samples of a data set."""

    def __init__(self, data: Dataset):
        self.data = data
        self.medium = data.elements.form.medium
        kind = data.answers.kind
        self.drawn = kind if self.medium == "image" and kind in ("mask", "boxes") else None
        """What is drawn on pictures, if anything is."""

    def show(self, numbers: Sequence[int]) -> str:
        """Return pictures with their names beneath them; other samples as the rows of a table."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            drawn = list(pool.map(self._draw, numbers))
        lines = [self.data.manifest[i] for i in numbers]
        if self.medium == "image":
            wide = " drawn" if self.drawn else ""
            cards = "".join(
                f"<figure class='card{wide}'>{body}<figcaption>{escape(printable(line['id']))}"
                f"<span class='note'>{escape(say_sample(line))}</span></figcaption></figure>"
                for body, line in zip(drawn, lines, strict=True)
            )
            return f"<div class='gallery'>{cards}</div>{self._legend(numbers)}"
        rows = "".join(
            f"<tr><td>{escape(printable(line['id']))}</td><td>{escape(say_sample(line))}</td><td>{body}</td></tr>"
            for body, line in zip(drawn, lines, strict=True)
        )
        return f"<div class='scroll'><table class='cells'>{rows}</table></div>"

    def _draw(self, i: int) -> str:
        line = self.data.manifest[i]
        if "reason" in line:
            return _lost(line["reason"])
        if self.drawn:
            return self._with_answer(i, line)
        if self.medium == "image":
            return self._picture(i, line)
        if self.medium == "text":
            return _text(self.data.samples[i].payload)
        return _curves(self.data.elements.take(np.array([i]))[0], envelope=self.medium == "audio")

    def _picture(self, i: int, line: Mapping[str, Any]) -> str:
        """Return a small picture in its own shape, in the colours that the model takes."""
        size = smaller((line["height"], line["width"]), _SIDE)
        try:
            pixels = read_picture(self.data.samples[i].payload, self._form(size, "stretch")).pixels
        except PictureError as error:
            return _lost(str(error))
        return image(pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., 0])

    def _with_answer(self, i: int, line: Mapping[str, Any]) -> str:
        """Return a picture as the model takes it, for that is where its answer fits, and the answer on it."""
        form = self.data.elements.form
        whole = form.size or (line["height"], line["width"])
        size = smaller(whole, _LARGER)
        try:
            pixels = read_picture(self.data.samples[i].payload, self._form(size, form.resize)).pixels
        except PictureError as error:
            return _lost(str(error))
        pixels = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1].repeat(3, -1)
        answer = self.data.answers.all[i]
        if self.drawn == "mask":
            return f"<div class='over'>{image(tint(pixels, answer), 0)}</div>"
        over = outline(answer, self.data.info.labels, whole, _SHOWN / whole[1])
        return f"<div class='over'>{image(pixels)}{over}</div>"

    def _legend(self, numbers: Sequence[int]) -> str:
        if not self.drawn:
            return ""
        lines = self.data.manifest
        found = [classes_of(self.data.answers.all[i], self.drawn) for i in numbers if "reason" not in lines[i]]
        return legend_text(set().union(*found), self.data.info.labels)

    def _form(self, size: tuple[int, int], resize: str) -> Any:
        return replace(self.data.elements.form, size=size, resize=resize)


def say_sample(line: Mapping[str, Any]) -> str:
    """Return the split of a sample, and what it is to be answered with, in a few words."""
    if line.get("label"):
        said = line["label"]
    elif line.get("classes"):
        said = ", ".join(line["classes"])
    elif line.get("values"):
        said = ", ".join(f"{value:.5g}" for value in line["values"])
    elif line.get("boxes"):
        said = ", ".join(sorted({box[0] for box in line["boxes"]}))
    else:
        said = ""
    return printable(": ".join(part for part in (line["split"], said) if part))


def smaller(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the height and width whose longer one is `side`; never larger than they are."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def image(pixels: np.ndarray, subsampling: int = 2) -> str:
    """Return an element of HTML with a JPEG in it; `subsampling` 0 keeps thin lines of colour sharp."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG", quality=_QUALITY, subsampling=subsampling)
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    return f"<img alt='' width='{width}' height='{height}' src='data:image/jpeg;base64,{text}'>"


def _lost(reason: str) -> str:
    return f"<div class='lost'>{escape(printable(reason))}</div>"


def _text(text: str) -> str:
    whole = " ".join(text.split())
    return escape(printable(whole[:_LETTERS] + ("..." if len(whole) > _LETTERS else "")))


def _curves(values: np.ndarray, *, envelope: bool) -> str:
    """Return up to four channels of numbers as curves; a gap where a number is missing."""
    values = values[..., None] if values.ndim == 1 else values[:, :_CHANNELS]
    known = np.isfinite(values)
    length = int(np.flatnonzero(known.any(-1)).max(initial=0)) + 1
    low, high = (float(pick(values[known])) if known.any() else 0.0 for pick in (np.min, np.max))
    rows = _thinned(values[:length], envelope=envelope)
    lines = [
        f"<polyline points='{points}' fill='none' stroke='var(--{('mark', 'second', 'third', 'note')[channel]})'/>"
        for channel in range(rows.shape[1])
        for points in _points(rows[:, channel], low, (high - low) or 1.0)
    ]
    return f"<svg viewBox='0 0 320 60' width='320' role='img' aria-label='curve'>{''.join(lines)}</svg>"


def _thinned(values: np.ndarray, *, envelope: bool) -> np.ndarray:
    """Return fewer rows: every nth, or the least and the most of each piece, as a wave is drawn."""
    if len(values) <= 2 * _POINTS:
        return values
    edges = np.linspace(0, len(values), _POINTS + 1).astype(int)
    if not envelope:
        return values[edges[:-1]]
    pieces = [values[start:stop] for start, stop in pairwise(edges)]
    return np.concatenate([np.stack([piece.min(0), piece.max(0)]) for piece in pieces])


def _points(row: np.ndarray, low: float, span: float) -> list[str]:
    """Return the points of each stretch without a gap."""
    last = max(len(row) - 1, 1)
    stretches: list[list[str]] = [[]]
    for i, value in enumerate(row.tolist()):
        if np.isfinite(value):
            stretches[-1].append(f"{2 + 316 * i / last:.1f},{57 - 54 * (value - low) / span:.1f}")
        elif stretches[-1]:
            stretches.append([])
    return [" ".join(points) for points in stretches if points]
