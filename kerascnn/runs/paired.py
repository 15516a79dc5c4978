"""Whether a figure of two runs differs by more than chance: tests in which both answer the same samples."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from kerascnn.spec import DataInfo, Metric

TIMES = 2000
"""How many times the samples are drawn again for an interval; fewer where they are many."""
MEASURED = 200
"""How many times for a metric of a spec, which is measured anew each time."""
SLOW = 0.02
"""Seconds that both runs' measurements may take together for that."""
_WORK = 20_000_000
_CHUNK = 1_000_000

Score = Callable[["np.ndarray"], "np.ndarray"]
"""A figure for each row of weights of the samples: `(b, n) -> (b,)`."""


def mcnemar(fixed: int, broke: int) -> float:
    """Return the exact two-sided probability of so uneven counts where either is as likely (McNemar 1947)."""
    from scipy.stats import binomtest

    return float(binomtest(min(fixed, broke), fixed + broke, 0.5).pvalue) if fixed + broke else 1.0


def paired_bootstrap(a: Score, b: Score, n: int, *, times: int | None = None, seed: int = 0) -> dict[str, float]:
    """Return both figures, their difference, its 95 % percentile interval and the two-sided probability of chance.

    Both figures are of the same samples each time, drawn again from the n that there are (Efron 1979).
    """
    import numpy as np

    times = max(200, min(TIMES, _WORK // n)) if times is None else times
    rng = np.random.default_rng(seed)
    chunk, parts = max(1, _CHUNK // n), []
    for start in range(0, times, chunk):
        many = min(chunk, times - start)
        drawn = rng.integers(n, size=(many, n)) + np.arange(many)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=many * n).reshape(many, n).astype("float64")
        parts.append(b(weights) - a(weights))
    ones = np.ones((1, n))
    return _summed_up(float(a(ones)[0]), float(b(ones)[0]), np.concatenate(parts))


def _summed_up(first: float, second: float, found: np.ndarray) -> dict[str, float]:
    """Return what the differences of samples drawn again come to."""
    import numpy as np

    # Of figures that are the same up to rounding neither is the better one.
    found = np.where(np.abs(found) < 1e-12, 0.0, found)
    tail = min(int((found <= 0).sum()), int((found >= 0).sum()))
    low, high = np.percentile(found, [2.5, 97.5])
    return {
        "a": first,
        "b": second,
        "difference": second - first,
        "low": float(low),
        "high": float(high),
        "p": min(1.0, 2 * (tail + 1) / (len(found) + 1)),
    }


def macro_f1(there: np.ndarray, said: np.ndarray) -> Score:
    """Return the mean F1 over the classes as a figure of weights; `there` and `said` are 0 or 1, `(n, classes)`.

    A class that is neither there nor said has no part in it.
    """
    import numpy as np
    from scipy.sparse import csr_array

    one, two, both = (csr_array(array.astype("float64")) for array in (there, said, there & said))

    def score(weights: np.ndarray) -> np.ndarray:
        right, total = weights @ both, weights @ one + weights @ two
        f1 = np.divide(2 * right, total, out=np.zeros_like(right), where=total > 0)
        return np.asarray(f1.sum(1) / np.maximum((total > 0).sum(1), 1))

    return score


def errors(wanted: np.ndarray, answers: np.ndarray) -> dict[str, Score]:
    """Return the mean absolute error and the root of the mean squared one of numbers `(n, values)`."""
    import numpy as np

    error = answers - wanted
    absolute, square = np.abs(error).mean(1), (error**2).mean(1)
    return {
        "mae": lambda weights: weights @ absolute / weights.sum(1),
        "rmse": lambda weights: np.sqrt(weights @ square / weights.sum(1)),
    }


def tested_means(name: str, a: np.ndarray, b: np.ndarray, seed: int) -> dict[str, Any]:
    """Return the test of the mean of what each sample has `(n,)`, of those that have it in both runs."""
    import numpy as np

    known = np.isfinite(a) & np.isfinite(b)
    one, two = a[known], b[known]
    found = paired_bootstrap(lambda w: w @ one / len(one), lambda w: w @ two / len(two), len(one), seed=seed)
    return {"metric": name, "test": "paired bootstrap", **found}


def tested_metrics(
    metrics: Sequence[Metric], truth: Any, answers: tuple[np.ndarray, np.ndarray], info: DataInfo, seed: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the test of each metric that a spec names, and sentences on those that have none.

    A metric may be no mean over samples: it is measured anew on samples drawn again, the same for both runs.
    """
    tests, notes = [], []
    for metric in metrics:
        try:
            found = _of_metric(metric, truth, answers, info, seed)
        except Exception as error:  # noqa: BLE001 - a plugin's may raise anything, and the rest is worth having
            found = f"{type(error).__name__}: {' '.join(str(error).split())}"
        if isinstance(found, str):
            notes.append(f"There is no test of {metric.type_name}: {found}.")
        else:
            tests.append({"metric": metric.type_name, "test": "paired bootstrap", **found})
    return tests, notes


def _of_metric(
    metric: Metric, truth: Any, answers: tuple[np.ndarray, np.ndarray], info: DataInfo, seed: int
) -> dict[str, float] | str:
    """Return the test of one metric, or why there is none."""
    import numpy as np

    n, rng = len(answers[0]), np.random.default_rng(seed)
    first, second = (float(metric.measure(truth, each, info)) for each in answers)
    if not (math.isfinite(first) and math.isfinite(second)):
        return "these samples do not tell it of both runs"
    found: list[float] = []
    quickest = math.inf  # of two, as the machine may be busy
    for number in range(MEASURED):
        if number == 2 and quickest > SLOW:
            return f"two measurements take {1000 * quickest:.0f} ms, and it takes {MEASURED} of them"
        drawn = rng.integers(n, size=n)
        began = time.perf_counter()
        one, two = (float(metric.measure(truth[drawn], each[drawn], info)) for each in answers)
        quickest = min(quickest, time.perf_counter() - began)
        found.append(two - one)
    known = np.array(found)[np.isfinite(found)]
    if 2 * len(known) < MEASURED:
        return "it can be told of less than half of the samples drawn again"
    return _summed_up(first, second, known)


def most_changed(ids: Sequence[str], a: np.ndarray, b: np.ndarray, better: str, most: int) -> Mapping[str, Any]:
    """Return the samples whose own figure got better and worse by most: their ids, and what each run has of them."""
    import numpy as np

    gain = np.nan_to_num(b - a) if better == "max" else np.nan_to_num(a - b)
    order = np.argsort(-gain, kind="stable")

    def rows(places: np.ndarray) -> list[dict[str, Any]]:
        return [{"id": ids[i], "a": float(a[i]), "b": float(b[i])} for i in places.tolist()]

    return {
        "better": rows(order[gain[order] > 0][:most]),
        "worse": rows(order[::-1][gain[order[::-1]] < 0][:most]),
    }
