"""Labels that may be wrong, found by what a network that has not learnt them says (confident learning)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerascnn.runs.answers import KeptAnswers

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Doubts:
    """What confident learning says of labels."""

    number: np.ndarray
    """The samples whose label is doubted, the likeliest mistakes first."""
    better: np.ndarray
    """The class that each of them seems to be of."""
    margin: np.ndarray
    """How much more probable the network finds that class, or the best other one."""
    expected: int
    """How many labels are wrong in all, by the estimate."""


def confident_learning(truth: np.ndarray, answers: np.ndarray) -> Doubts:
    """Return the labels that confident learning doubts (Northcutt et al. 2021, arXiv:1911.00068).

    A class's threshold is its mean probability over the samples labelled so. A sample counts for the likeliest of the
    classes whose thresholds it reaches; where that is not its label, the label is doubted. Ranked by the margin: the
    probability of the best other class less that of the label. `answers` must be of samples that the network has not
    learnt. The estimate of all wrong labels is that of the calibrated joint distribution.
    """
    import numpy as np

    truth, answers = np.asarray(truth, int), np.asarray(answers)
    n, classes = answers.shape
    counts = np.bincount(truth, minlength=classes)
    own = answers[np.arange(n), truth].astype("float64")
    sums = np.bincount(truth, weights=own, minlength=classes)
    thresholds = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    reached = np.where(answers >= thresholds - 1e-9, answers, -1.0)
    sure, best = reached.max(1) >= 0, reached.argmax(1)
    joint = np.zeros((classes, classes))
    np.add.at(joint, (truth[sure], best[sure]), 1)
    rows = joint.sum(1)
    # A class none of whose samples is sure of anything is taken to be labelled rightly.
    joint[rows == 0, rows == 0] = 1
    wrong = counts * (1 - joint.diagonal() / np.maximum(joint.sum(1), 1))
    doubted = np.flatnonzero(sure & (best != truth))
    others = answers[doubted].copy()
    others[np.arange(len(doubted)), truth[doubted]] = -1.0
    margin = others.max(1, initial=-1.0) - own[doubted]
    order = np.argsort(-margin, kind="stable")
    return Doubts(doubted[order], best[doubted][order], margin[order], round(float(wrong.sum())))


def doubted(kept: KeptAnswers, labels: Sequence[str]) -> tuple[list[dict[str, Any]], int]:
    """Return a row for each doubted label of samples of one class, and how many are expected to be wrong."""
    doubts = confident_learning(kept.truth, kept.answers)
    found = []
    for i, better, margin in zip(doubts.number.tolist(), doubts.better.tolist(), doubts.margin.tolist(), strict=True):
        label = int(kept.truth[i])
        found.append(
            {
                "id": kept.ids[i],
                "label": labels[label],
                "suggested": labels[better],
                "probability": float(kept.answers[i, label]),
                "suggested_probability": float(kept.answers[i, better]),
                "margin": margin,
            }
        )
    return found, doubts.expected


def doubted_of_each(kept: KeptAnswers, labels: Sequence[str]) -> tuple[list[dict[str, Any]], int]:
    """Return the same of samples of any number of classes.

    Each class is looked at by itself; of a sample with several doubts the strongest counts.
    """
    import numpy as np

    strongest: dict[int, dict[str, Any]] = {}
    expected = 0
    for k, name in enumerate(labels):
        p = np.asarray(kept.answers[:, k], "float64")
        doubts = confident_learning(kept.truth[:, k], np.stack([1 - p, p], axis=1))
        expected += doubts.expected
        for i, better, margin in zip(
            doubts.number.tolist(), doubts.better.tolist(), doubts.margin.tolist(), strict=True
        ):
            if i in strongest and strongest[i]["margin"] >= margin:
                continue
            now = [labels[j] for j in np.flatnonzero(kept.truth[i]).tolist()]
            other = [label for label in labels if (label in now if label != name else better == 1)]
            strongest[i] = {
                "id": kept.ids[i],
                "label": now,
                "suggested": other,
                "class": name,
                "probability": float(1 - p[i] if better else p[i]),
                "suggested_probability": float(p[i] if better else 1 - p[i]),
                "margin": margin,
            }
    return sorted(strongest.values(), key=lambda row: -row["margin"]), expected
