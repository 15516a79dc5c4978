"""What an evaluation says of vectors: figures, floors, and the parts of the report's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerascnn_metric_learning.figures import BINS, Found, Pairs, Point, identify

if TYPE_CHECKING:
    import numpy as np

RATES = (0.1, 0.01, 0.001)
"""Shares of different pairs that are accepted, at which the share of same pairs is told."""
_POINTS = 40


def judged(
    truth: np.ndarray, vectors: np.ndarray, labels: Sequence[str], false_accepts: float | None = None
) -> dict[str, Any]:
    """Return the report of vectors of length 1 with class numbers. Raises DataError where there is nothing to compare.

    "threshold" is the one with at most `false_accepts` of the different pairs; None: with equal error rates.
    """
    import numpy as np

    truth = np.asarray(truth, dtype=int)
    pairs, found = Pairs(vectors, truth), identify(vectors, truth)
    equal, told = pairs.equal(), [rate for rate in RATES if pairs.different * rate >= 1]
    kept = equal if false_accepts is None else pairs.most(false_accepts)
    metrics = {"equal_error_rate": (equal.false_accepts + 1 - equal.true_accepts) / 2}
    metrics |= {f"true_accepts_at_{rate:g}": pairs.most(rate).true_accepts for rate in told}
    floor = {"equal_error_rate": 0.5} | {f"true_accepts_at_{rate:g}": rate for rate in told}
    names = ("rank_1", "rank_5", "five_nearest_accuracy", "mean_average_precision")
    figures = (found.first, found.fifth, found.voted, found.precision)
    metrics |= {name: float(each.mean()) for name, each in zip(names, figures, strict=True)}
    floor |= dict(zip(names, found.chance, strict=True))
    return {
        "metrics": metrics,
        "floor": floor,
        "floor_is": "guessing",
        "threshold": {
            "threshold": kept.threshold,
            "rule": "equal error rates" if false_accepts is None else f"at most {false_accepts:g} false accepts",
            "false_accepts": kept.false_accepts,
            "true_accepts": kept.true_accepts,
        },
        "pairs": {"same": pairs.same, "different": pairs.different},
        "notes": _notes(truth, pairs, found),
        "per_class": _rows(truth, found, labels),
        "labels": list(labels),
        "sections": [_verification(pairs, kept, told), _cosines(pairs), _identification(metrics, floor, found)],
    }


def _notes(truth: np.ndarray, pairs: Pairs, found: Found) -> list[str]:
    import numpy as np

    notes = ["Pairs share samples and are not independent: no interval is given."]
    if pairs.different * RATES[-1] < 1:
        notes.append(f"{pairs.different} different pairs are too few for a false accept rate of {RATES[-1]:g}.")
    alone = int((np.unique(truth, return_counts=True)[1] == 1).sum())
    if alone:
        notes.append(f"{alone} samples are the only ones of their class here and were not looked for.")
    if len(found.queries) < len(truth) - alone:
        notes.append(f"Neighbours were looked for of {len(found.queries)} samples, evenly chosen.")
    return notes


def _rows(truth: np.ndarray, found: Found, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each class that has samples here."""
    rows = []
    for i, label in enumerate(labels):
        own, support = truth[found.queries] == i, int((truth == i).sum())
        figures = (found.first, found.precision)
        values = [float(each[own].mean()) if own.any() else None for each in figures]
        if support:
            rows.append({"label": label, "rank_1": values[0], "mean_average_precision": values[1], "support": support})
    return rows


def _verification(pairs: Pairs, kept: Point, told: Sequence[float]) -> dict[str, Any]:
    import numpy as np

    points = [*((f"at most {rate:g}", pairs.most(rate)) for rate in told), ("equal", pairs.equal()), ("kept", kept)]
    powers = np.linspace(np.log10(max(1 / pairs.different, 1e-6)), 0, _POINTS)
    return {
        "title": "The same or not: true accepts over false accepts",
        "text": f"All {pairs.same} pairs of the same class and all {pairs.different} of different ones. At the kept "
        f"threshold {kept.threshold:.4f}, {kept.true_accepts:.1%} of the same pairs are accepted and "
        f"{kept.false_accepts:.2%} of the different ones; guessing accepts as large a share of either.",
        "lines": {
            "x_name": "false accept rate, as a power of 10",
            "x": [float(power) for power in powers],
            "y": {
                "true accepts": [pairs.most(10.0**power).true_accepts for power in powers],
                "guessing": [float(10.0**power) for power in powers],
            },
        },
        "table": {
            "head": ["false accepts", "threshold", "false accept rate", "true accept rate"],
            "rows": [[name, point.threshold, point.false_accepts, point.true_accepts] for name, point in points],
        },
    }


def _cosines(pairs: Pairs) -> dict[str, Any]:
    shares = pairs.counts.reshape(2, _POINTS - 8, -1).sum(2) / [[pairs.different], [pairs.same]]
    width = 2 / shares.shape[1]
    assert BINS % shares.shape[1] == 0
    return {
        "title": "How alike pairs are",
        "lines": {
            "x_name": "cosine",
            "x": [-1 + width * (i + 0.5) for i in range(shares.shape[1])],
            "y": {"same": shares[1].tolist(), "different": shares[0].tolist()},
        },
    }


def _identification(metrics: dict[str, float], floor: dict[str, float], found: Found) -> dict[str, Any]:
    names = {
        "rank_1": "the nearest is of the class",
        "rank_5": "one of the five nearest is",
        "five_nearest_accuracy": "most of the five nearest are",
        "mean_average_precision": "mean average precision",
    }
    return {
        "title": "Which one it is: each sample looked for among all others",
        "text": f"{len(found.queries)} samples were looked for, beside what an order drawn at random comes to.",
        "table": {
            "head": ["", "found", "at random"],
            "rows": [[said, metrics[name], floor[name]] for name, said in names.items()],
        },
    }
