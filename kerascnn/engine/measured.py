"""Further figures of a split: the metrics that a spec names."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerascnn.evaluation.bootstrap import interval_of
from kerascnn.spec import DataInfo, Metric

TIMES = 200
"""How many times the samples are drawn again."""
SLOW = 0.01
"""Seconds of one measurement from which on there is no interval."""


def measured(
    metrics: Sequence[Metric], truth: Any, answers: np.ndarray, info: DataInfo
) -> tuple[dict[str, float], dict[str, list[float]], list[str]]:
    """Return the figures by name, their 95 % intervals, and sentences on what there is not.

    Intervals are those of the bootstrap (Efron 1979), of the same resamples each time.
    """
    figures: dict[str, float] = {}
    bounds: dict[str, list[float]] = {}
    notes: list[str] = []
    for metric in metrics:
        name = metric.type_name
        try:
            value = float(metric.measure(truth, answers, info))
            if not math.isfinite(value):
                notes.append(f"There is no figure {name}: these samples do not tell it.")
                continue
            interval, why = _interval(metric, truth, answers, info)
        except Exception as error:  # noqa: BLE001 - a plugin's may raise anything, and the rest is worth having
            notes.append(f"There is no figure {name}: {type(error).__name__}: {' '.join(str(error).split())}")
            continue
        figures[name] = value
        if interval is not None:
            bounds[name] = interval
        else:
            notes.append(f"{name} has no interval: {why}.")
    return figures, bounds, notes


def _interval(metric: Metric, truth: Any, answers: np.ndarray, info: DataInfo) -> tuple[list[float] | None, str]:
    """Return the interval of a figure, or None and why there is none."""
    rng = np.random.default_rng(0)
    values: list[float] = []
    quickest = math.inf  # of two, as the machine may be busy
    for number in range(TIMES):
        if number == 2 and quickest > SLOW:
            return None, f"one measurement takes {1000 * quickest:.0f} ms, and it takes {TIMES} of them"
        drawn = rng.integers(len(answers), size=len(answers))
        began = time.perf_counter()
        again = truth[drawn] if isinstance(truth, np.ndarray) else [truth[i] for i in drawn]
        values.append(float(metric.measure(again, answers[drawn], info)))
        quickest = min(quickest, time.perf_counter() - began)
    return interval_of(np.array(values)), "it can be told of less than half of the samples drawn again"
