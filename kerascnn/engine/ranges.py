"""Ranges about the numbers that a run answers with, which hold the true ones as often as was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerascnn.errors import DataError
from kerascnn.evaluation.conformal import fewest, widest_residual, within
from kerascnn.spec import DataInfo, Task

_TARGETS = ("values", "forecast")


def gives_numbers(task: Task, info: DataInfo) -> bool:
    """Return whether a task answers with the numbers that samples have, one for each, so that they can have ranges."""
    return task.target in _TARGETS and task.output == "values" and task.outputs(info) == len(info.labels)


def fit_ranges(
    labels: Sequence[str], truth: np.ndarray, answers: np.ndarray, coverage: float, split: str
) -> dict[str, Any]:
    """Return how far each number's range goes to either side, as plain data, and what that comes to on these samples.

    Raises DataError where there are too few of them.
    """
    if len(answers) < fewest(coverage):
        raise DataError(
            f"ranges that hold the true number in {coverage:g} of cases take {fewest(coverage)} {split} samples "
            f"(there are {len(answers)}); ask for a lower coverage"
        )
    widest = widest_residual(_numbers(truth, answers), answers, coverage)
    stored = {"coverage": coverage, "widest": dict(zip(labels, widest.tolist(), strict=True))}
    told = judge_ranges(labels, truth, answers, stored)
    return stored | {"inside": told["coverage"], "mean_width": told["mean_width"]}


def judge_ranges(
    labels: Sequence[str], truth: np.ndarray, answers: np.ndarray, stored: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how often the ranges hold the true numbers, beside what was asked for, over all and for each."""
    widest = np.array([stored["widest"][label] for label in labels])
    inside = within(_numbers(truth, answers), answers, widest)
    return {
        "wished_coverage": stored["coverage"],
        "coverage": float(inside.mean()),
        "mean_width": float(2 * widest.mean()),
        "by_number": [
            {"label": label, "coverage": float(share), "width": float(2 * half)}
            for label, share, half in zip(labels, inside.mean(0), widest, strict=True)
        ],
    }


def range_of(labels: Sequence[str], answer: np.ndarray, stored: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return "low" and "high" of the range about each number of an answer, by its name."""
    return {
        name: {
            label: float(value) + side * stored["widest"][label] for label, value in zip(labels, answer, strict=True)
        }
        for name, side in (("low", -1), ("high", 1))
    }


def range_notes(task: Task, labels: Sequence[str]) -> list[str]:
    """Return what is to be known of the ranges of this task."""
    found = ["No temperature is fitted: numbers come without probabilities."]
    if len(labels) > 1:
        found.append(
            "Each number lies in its range as often as is asked for; all of a sample together do so less often."
        )
    if task.target == "forecast":
        found.append(
            "Windows overlap, and times to come may differ from those of validation: for a forecast the share is no "
            "promise."
        )
    return found


def _numbers(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return the true numbers, without the naive forecast and the scale that come with those of a forecast."""
    return np.asarray(truth, "float64")[:, : answers.shape[1]]
