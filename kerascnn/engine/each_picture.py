"""What each picture with a mask or boxes came to, and what was said of the worst: what an evaluation keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerascnn.engine.predict import Predictor
from kerascnn.runs.each import KeptFigures
from kerascnn.spec import DataInfo
from kerascnn.spec.kinds import IGNORE

WORST = 20
"""Pictures whose answers are kept."""
_NAMED = 3
"""Classes of a mask that are named."""


def each_picture(predictor: Predictor, ids: Sequence[str], truth: Any, answers: np.ndarray) -> KeptFigures | None:
    """Return the figure of each picture, and what is said of the worst; None for other data than masks and boxes."""
    task, kind = predictor.task, predictor.spec.data.source.target
    each = getattr(task, "each", None)
    if kind not in ("mask", "boxes") or each is None or not task.alone:
        return None
    labels = predictor.labels
    facts = predictor.run.read("data.json")
    info = DataInfo(predictor.shape, tuple(labels), facts["counts"], sizes=facts["sizes"])
    name, better, values = each(truth, answers, info)
    order = np.argsort(values if better == "max" else -values, kind="stable")
    bare = KeptFigures(list(ids), name, better, values)
    places = [int(i) for i in order if np.isfinite(values[i]) and values[i] != bare.perfect][:WORST]
    kept: dict[str, Any] = {"worst": [ids[i] for i in places]}
    if kind == "mask":
        masks = np.array([answers[i].argmax(-1) for i in places], "uint8").reshape(-1, *answers.shape[1:-1])
        kept |= {"masks": masks, "said": [say_mask(mask, labels) for mask in masks]}
        kept["truths"] = [say_mask(np.asarray(truth[i]), labels) for i in places]
    else:
        found = [task.boxes(answers[i], predictor.shape[:2]) for i in places]  # type: ignore[attr-defined]
        rows = [np.insert(row, 0, number) for number, some in enumerate(found) for row in some]
        kept |= {"boxes": np.array(rows, "float32").reshape(-1, 7), "said": [say_boxes(some, labels) for some in found]}
        kept["truths"] = [say_boxes(truth[i], labels) for i in places]
    return replace(bare, **kept)


def say_mask(mask: np.ndarray, labels: Sequence[str]) -> str:
    """Return the shares of the classes of a mask in words, the largest first.

    >>> say_mask(np.array([[0, 0, 1, 255]], "uint8"), ["ground", "disc"])
    'ground 67 %, disc 33 %'
    """
    counts = np.bincount(mask[mask != IGNORE].ravel(), minlength=len(labels))
    shown = [i for i in np.argsort(-counts, kind="stable").tolist() if counts[i]]
    parts = [f"{labels[i]} {100 * counts[i] / counts.sum():.0f} %" for i in shown[:_NAMED]]
    return ", ".join([*parts, "..."] if len(shown) > _NAMED else parts) or "nothing"


def say_boxes(rows: np.ndarray, labels: Sequence[str]) -> str:
    """Return how many boxes of each class there are in words; the first column is the class number.

    >>> say_boxes(np.array([[1, 0, 0, 4, 4], [1, 4, 4, 8, 8]]), ["big", "small"])
    '2 small'
    """
    counts = np.bincount(rows[:, 0].astype(int), minlength=len(labels))
    return ", ".join(f"{counts[i]} {labels[i]}" for i in np.flatnonzero(counts).tolist()) or "nothing"
