"""Sets of classes, and ranges of numbers, that hold the right one as often as is asked.

Sets are those of Angelopoulos, Bates 2021 (arXiv:2107.07511), ranges those of Lei et al. 2018 (arXiv:1604.04173).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def fewest(coverage: float) -> int:
    """Return how many samples split conformal prediction needs for this coverage.

    >>> fewest(0.9), fewest(0.99)
    (9, 99)
    """
    return math.ceil(round(coverage / (1 - coverage), 6))


def lowest_probability(truth: np.ndarray, probabilities: np.ndarray, coverage: float) -> float:
    """Return the probability from which on a class belongs to the set, by split conformal prediction.

    Of n samples that were not trained on, it is the k-th highest probability of the right class, with k the next whole
    number to (n + 1) x coverage: of new samples from the same source the set holds the right class with at least this
    coverage. Raises ValueError for fewer samples than `fewest`.
    """
    import numpy as np

    p = np.asarray(probabilities)[np.arange(len(probabilities)), np.asarray(truth, dtype=int)]
    return float(np.sort(p)[::-1][_rank(len(p), coverage) - 1])


def widest_residual(truth: np.ndarray, answers: np.ndarray, coverage: float) -> np.ndarray:
    """Return how far from the answer the truth may lie, for each of the numbers `(n, values)`: `(values,)`.

    Of n samples that were not trained on, it is the k-th smallest distance of answer and truth, with k as in
    `lowest_probability`: of new samples from the same source each number lies within it with at least this coverage.
    Raises ValueError for fewer samples than `fewest`.
    """
    import numpy as np

    apart = np.abs(np.asarray(answers, "float64") - np.asarray(truth, "float64"))
    return np.asarray(np.sort(apart, axis=0)[_rank(len(apart), coverage) - 1])


def within(truth: np.ndarray, answers: np.ndarray, widest: np.ndarray) -> np.ndarray:
    """Return which numbers `(n, values)` are no farther from the answers than that."""
    import numpy as np

    said = np.asarray(answers, "float64")
    # The same answer may differ in its last bit from batch to batch.
    return np.asarray(np.abs(said - np.asarray(truth, "float64")) <= widest + 1e-6 * np.abs(said))


def _rank(n: int, coverage: float) -> int:
    place = math.ceil(round((n + 1) * coverage, 6))
    if place > n:
        raise ValueError(f"a coverage of {coverage:g} needs {fewest(coverage)} samples (got {n})")
    return place


def members(probabilities: np.ndarray, lowest: float) -> np.ndarray:
    """Return which classes belong to the set of each sample: `(n, classes)`.

    The most probable class always does, so that no set is empty; that only adds to the coverage.
    """
    import numpy as np

    p = np.asarray(probabilities)
    # The same answer may differ in its last bit from batch to batch.
    return (p >= lowest - 1e-6) | (np.arange(p.shape[1]) == p.argmax(1)[:, None])
