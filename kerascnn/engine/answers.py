"""What the samples of a data set are to be answered with, by the samples' numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerascnn.engine.media.masks import Masks
from kerascnn.engine.media.placement import place_picture
from kerascnn.spec import Finding, Sample, Scan


class Answers:
    """The answers of all samples. `of` gives them in the form of their kind.

    class: whole numbers `(n,)`. classes: 0 or 1 for each class, uint8 `(n, classes)`. values: float32 `(n, values)`.
    forecast: float32 `(n, 3 x values)`, the numbers that follow, the naive forecast of them, and their scale. mask:
    class numbers, uint8 `(n, height, width)`, 255 where nothing is to be learnt. boxes: a float32 array `(k, 5)` for
    each sample: class number, left, top, right and bottom in pixels of the model's input.
    """

    def __init__(self, samples: Sequence[Sample], scan: Scan, kind: str, facts: Sequence[Mapping[str, Any]], form: Any):
        self.kind = kind
        self.findings: Sequence[Finding] = ()
        number = {label: i for i, label in enumerate(scan.labels)}
        if kind == "class":
            self.all: Any = np.array([number[sample.label] for sample in samples], dtype=int)
        elif kind == "classes":
            self.all = np.zeros((len(samples), len(number)), dtype="uint8")
            for i, sample in enumerate(samples):
                self.all[i, [number[name] for name in _items(sample)]] = 1
        elif kind in ("values", "forecast"):
            self.all = np.array([_items(sample) for sample in samples], dtype="float32")
        elif kind == "mask":
            self.masks = Masks(samples, scan.mask_values, facts, form)
            self.all, self.findings = self.masks.all, self.masks.findings
        else:
            self.all = np.empty(len(samples), dtype=object)
            for i, (sample, fact) in enumerate(zip(samples, facts, strict=True)):
                self.all[i] = _boxes(sample, number, fact, form)

    def of(self, indices: np.ndarray) -> Any:
        """Return the answers of these samples: an array, or for boxes a list of arrays."""
        found = self.all[indices]
        return list(found) if self.kind == "boxes" else found

    def spell(self, i: int, sample: Sample) -> dict[str, Any]:
        """Return what a line of the manifest says of a sample's answer."""
        if self.kind == "mask":
            return {"mask": self.masks.hashes[i]}
        return spell_answer(sample, self.kind)


def spell_answer(sample: Sample, kind: str) -> dict[str, Any]:
    """Return what a sample itself says of its answer, as plain data; for a mask nothing, which is in its file."""
    if kind == "class":
        return {"label": sample.label}
    if kind == "boxes":
        return {"boxes": [[box.label, box.left, box.top, box.right, box.bottom] for box in _items(sample)]}
    if kind == "forecast":
        return {"values": _items(sample)}
    return {kind: _items(sample)} if kind in ("classes", "values") else {}


def _items(sample: Sample) -> list[Any]:
    target: Any = sample.target
    return list(target)


def _boxes(sample: Sample, number: Mapping[str, int], fact: Mapping[str, Any], form: Any) -> np.ndarray:
    found = _items(sample)
    if not found or "reason" in fact:
        return np.zeros((0, 5), "float32")
    rows = np.array([[number[box.label], box.left, box.top, box.right, box.bottom] for box in found], "float32")
    placed = place_picture(fact["height"], fact["width"], form).boxes(rows[:, 1:])
    # What the frame cuts off is gone: an augmentation that moves its place into view does not bring it back.
    height, width = form.size
    rows[:, 1:] = np.clip(placed, 0, (width, height, width, height))
    return rows[(rows[:, 3] > rows[:, 1]) & (rows[:, 4] > rows[:, 2])]
