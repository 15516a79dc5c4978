"""Pictures with masks or boxes in a gallery: what each is beside what was said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np

from kerascnn.engine.answers import Answers
from kerascnn.engine.data_cards import image, smaller
from kerascnn.engine.media import Raw
from kerascnn.engine.media.image import ImageForm
from kerascnn.engine.overlays import classes_of, legend_text, outline, tint
from kerascnn.engine.pictures import PictureError, read_picture
from kerascnn.errors import printable
from kerascnn.runs.each import KeptFigures
from kerascnn.spec import Sample, Scan

_SIDE = 256
"""Longer side of a picture in pixels."""
_SHOWN = 160
"""Its width on the page."""


class Pairs:
    """Draws the worst pictures of an evaluation twice: with their own masks or boxes, and with the network's."""

    def __init__(
        self,
        kept: KeptFigures,
        samples: Sequence[Sample],
        lines: Sequence[Mapping[str, Any]],
        scan: Scan,
        labels: Sequence[str],
        form: ImageForm,
    ):
        self.kept, self.samples, self.lines, self.form = kept, samples, lines, form
        self.labels = list(labels)
        self.kind = "mask" if kept.masks is not None else "boxes"
        self.answers = Answers(samples, scan, self.kind, lines, form)
        self.seen: set[int] = set()
        """The classes that were drawn."""

    def draw(self, i: int) -> str:
        """Return both pictures of a sample, or why it cannot be shown."""
        sample, line = self.samples[i], self.lines[i]
        raw = self.form.read([sample.payload])[0]
        if not isinstance(raw, Raw):
            return _lost(str(raw))
        if raw.sha256 != line.get("sha256"):
            return _lost("has other content than when the run was trained")
        whole = self.form.size or (line["height"], line["width"])
        try:
            pixels = read_picture(sample.payload, replace(self.form, size=smaller(whole, _SIDE))).pixels
        except PictureError as error:
            return _lost(str(error))
        pixels = pixels[..., :3] if pixels.shape[-1] >= 3 else pixels[..., :1].repeat(3, -1)
        truth, said = self.answers.all[i], self._said(sample.id)
        pair = [("is", truth), ("said", said)] if said is not None else [("is", truth)]
        cards = "".join(
            f"<div class='half'><span>{word}</span>{self._one(pixels, answer, whole)}</div>" for word, answer in pair
        )
        return f"<div class='pair'>{cards}</div>"

    def legend(self) -> str:
        """Return a line on what the colours mean."""
        return legend_text(self.seen, self.labels)

    def _one(self, pixels: np.ndarray, answer: np.ndarray, whole: tuple[int, int]) -> str:
        self.seen |= classes_of(answer, self.kind)
        if self.kind == "mask":
            return f"<div class='over'>{image(tint(pixels, answer), 0)}</div>"
        return f"<div class='over'>{image(pixels)}{outline(answer, self.labels, whole, _SHOWN / whole[1])}</div>"

    def _said(self, name: str) -> np.ndarray | None:
        """Return what was said of a sample; None where that was not kept."""
        if name not in self.kept.worst:
            return None
        place = self.kept.worst.index(name)
        if self.kept.masks is not None:
            return np.asarray(self.kept.masks[place])
        assert self.kept.boxes is not None
        return np.asarray(self.kept.boxes[self.kept.boxes[:, 0] == place][:, 1:6])


def _lost(reason: str) -> str:
    return f"<div class='lost'>{escape(printable(reason))}</div>"
