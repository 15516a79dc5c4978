"""Intervals by the bootstrap (Efron 1979): figures of samples drawn again from those that there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TIMES = 1000
"""How many times the samples are drawn again where there are no more than some 20,000."""
FEWEST = 100
"""How many times at the least: with fewer the ends of an interval are a few samples' chance."""
_WORK = 20_000_000
_CHUNK = 1_000_000


def times_for(numbers: int) -> int:
    """Return how many resamples are made of so many numbers: 1000, fewer where they are many, 0 for less than 100."""
    times = min(TIMES, _WORK // max(numbers, 1))
    return times if times >= FEWEST else 0


def resampled(n: int, times: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield how often each of n samples is drawn, some resamples at a time: int64 `(b, n)`, each row of sum n."""
    import numpy as np

    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // n)
    for start in range(0, times, chunk):
        many = min(chunk, times - start)
        drawn = rng.integers(n, size=(many, n))
        drawn += np.arange(many)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=many * n).reshape(many, n)


def intervals(
    score: Callable[[np.ndarray], Mapping[str, np.ndarray]], n: int, *, times: int | None = None, seed: int = 0
) -> dict[str, list[float]]:
    """Return the 95 % percentile interval of each figure that `score` makes of weights `(b, n)`.

    A figure is `(b,)`. Where a resample lacks what it needs it is NaN and does not count; one of which more than half
    are NaN has no interval. Of a million samples there are 100 resamples at least.
    """
    import numpy as np

    times = max(times_for(n), FEWEST) if times is None else times
    found: dict[str, list[np.ndarray]] = {}
    for counts in resampled(n, times, seed):
        for name, values in score(counts).items():
            found.setdefault(name, []).append(np.asarray(values))
    return {name: bounds for name, parts in found.items() if (bounds := interval_of(np.concatenate(parts)))}


def interval_of(values: np.ndarray) -> list[float] | None:
    """Return the 2.5 % and 97.5 % percentiles of numbers, NaN left out; None where more than half are NaN."""
    import numpy as np

    known = values[np.isfinite(values)]
    if 2 * len(known) < max(len(values), 1):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return [float(low), float(high)]


def sums_by(weights: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Return the sums of the columns of each group: `(b, n) -> (b, count)`."""
    import numpy as np

    order = np.argsort(groups, kind="stable")
    present, starts = np.unique(groups[order], return_index=True)
    found = np.zeros((len(weights), count), weights.dtype)
    if len(present):
        found[:, present] = np.add.reduceat(weights[:, order], starts, axis=1)
    return found


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean of each row without its NaN; NaN for a row of nothing else."""
    import numpy as np

    known = np.isfinite(values)
    return shares(np.where(known, values, 0.0).sum(-1), known.sum(-1))


def shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return part / whole, NaN where whole is 0."""
    import numpy as np

    return np.divide(part, whole, out=np.full(np.broadcast(part, whole).shape, np.nan), where=np.asarray(whole) != 0)


def plain(values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the first number of each figure, without those that are NaN."""
    import math

    return {name: float(value[0]) for name, value in values.items() if math.isfinite(value[0])}


def number(value: float) -> float | None:
    """Return a number as plain data, None for NaN."""
    return float(value) if value == value else None
