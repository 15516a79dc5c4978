"""Sets of classes that hold the right one as often as is asked (Angelopoulos, Bates 2021, arXiv:2107.07511)."""

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
    place = math.ceil(round((len(p) + 1) * coverage, 6))
    if place > len(p):
        raise ValueError(f"a coverage of {coverage:g} needs {fewest(coverage)} samples (got {len(p)})")
    return float(np.sort(p)[::-1][place - 1])


def members(probabilities: np.ndarray, lowest: float) -> np.ndarray:
    """Return which classes belong to the set of each sample: `(n, classes)`.

    The most probable class always does, so that no set is empty; that only adds to the coverage.
    """
    import numpy as np

    p = np.asarray(probabilities)
    # The same answer may differ in its last bit from batch to batch.
    return (p >= lowest - 1e-6) | (np.arange(p.shape[1]) == p.argmax(1)[:, None])
