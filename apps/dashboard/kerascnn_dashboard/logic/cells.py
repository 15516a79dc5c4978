"""Single answers on a split, from `evaluation/SPLIT.npz`: the samples of a cell, what a threshold costs, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError
from kerascnn.evaluation.thresholds import Risk, risk
from kerascnn.runs.answers import answers_file, read_answers
from kerascnn.runs.failures import kind_of
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import spec_from_dict

if TYPE_CHECKING:
    import numpy as np

MANY = 60
"""Up to how many classes a matrix can be looked at as one."""
_POINTS = 1000


@dataclass(frozen=True)
class Judged:
    """What is looked at of the answers on a split, without the probabilities of every class."""

    kind: str
    """class, classes, values or forecast."""
    ids: Sequence[str]
    truth: np.ndarray
    """Of one class of several the number of the right one, `(n,)`; else empty."""
    said: np.ndarray
    confidence: np.ndarray
    risk: Risk | None
    """What it costs to answer only where the model is sure; None for numbers."""


def judged(run: RunFolder, split: str) -> Judged:
    """Return the answers on a split. Raises UsageError where none are kept, or they are damaged."""
    try:
        stamp = answers_file(run, split).stat().st_mtime_ns
    except OSError:
        raise UsageError(f"no answers are kept of the {split} split: that is so of masks and boxes") from None
    return _judged(str(run.path), split, stamp)


@lru_cache(maxsize=8)
def _judged(path: str, split: str, stamp: int) -> Judged:
    import numpy as np

    run = RunFolder(Path(path))
    kept = read_answers(run, split)
    kind, none = kind_of(kept), np.zeros(0, int)
    task = spec_from_dict(run.read("spec.resolved.json")).task
    decisions = getattr(task, "decisions", None)
    told = None if kind not in ("class", "classes") or decisions is None else decisions(kept.truth, kept.answers)
    found = None if told is None else risk(*told)
    if kind != "class":
        return Judged(kind, tuple(kept.ids), none, none, none, found)
    said = kept.answers.argmax(1)
    return Judged(kind, tuple(kept.ids), np.asarray(kept.truth, int), said, kept.answers.max(1), found)


def matrix(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each cell of the confusion matrix: what the samples are, what was said, how many, what share."""
    rows = []
    for label, counts in zip(report["labels"], report["confusion_matrix"], strict=True):
        total = sum(counts) or 1
        for other, count in zip(report["labels"], counts, strict=True):
            rows.append({"is": label, "said": other, "samples": count, "share": count / total, "right": label == other})
    return rows


def cell(answers: Judged, labels: Sequence[str], truth: str, said: str) -> list[dict[str, Any]]:
    """Return the samples that are of one class and were said to be of another (or the same), the surest first.

    Raises UsageError for a class that there is not.
    """
    import numpy as np

    for label in (truth, said):
        if label not in labels:
            raise UsageError(f"there is no class '{str(label)[:80]}'")
    i, j = list(labels).index(truth), list(labels).index(said)
    places = np.flatnonzero((answers.truth == i) & (answers.said == j))
    order = places[np.argsort(-answers.confidence[places], kind="stable")].tolist()
    return [{"id": answers.ids[k], "confidence": float(answers.confidence[k])} for k in order]


def most_confused(report: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the class that is most often taken for another, and that one; None where nothing is confused."""
    wrong = [row for row in matrix(report) if not row["right"] and row["samples"]]
    first = max(wrong, key=lambda row: row["samples"], default=None)
    return None if first is None else (first["is"], first["said"])


def residuals(run: RunFolder, split: str, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each number of each sample, of a thousand at most: the true value, the answer, the error."""
    import numpy as np

    kept = read_answers(run, split)
    truth = np.asarray(kept.truth, "float64")[:, : len(labels)]
    rows = []
    for k in np.linspace(0, len(truth) - 1, min(len(truth), _POINTS)).astype(int).tolist():
        for i, label in enumerate(labels):
            true, said = float(truth[k, i]), float(kept.answers[k, i])
            rows.append({"number": label, "id": kept.ids[k], "truth": true, "answer": said, "error": said - true})
    return rows
