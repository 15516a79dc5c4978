"""Areas under curves of one class against the others, of weighted samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def areas(there: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the areas under the ROC curve and (as average precision) the curve of precision over recall: `(b,)` each.

    `there` says which of the n samples show the class, `counts` `(b, n)` how often each counts. Equal scores count as
    one step, as in scikit-learn. NaN where no sample shows the class, or every one does.
    """
    import numpy as np

    from kerascnn.evaluation.bootstrap import shares

    order = np.argsort(-scores, kind="stable")
    steps = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    weights = counts[:, order].astype("float64")
    right = np.add.reduceat(weights * there[order], steps, axis=1)
    wrong = np.add.reduceat(weights, steps, axis=1) - right
    hits, misses = right.cumsum(1), wrong.cumsum(1)
    positives, negatives = hits[:, -1], misses[:, -1]
    roc = shares((wrong * (hits - right / 2)).sum(1), positives * negatives)
    precision = np.divide(hits, hits + misses, out=np.zeros_like(hits), where=hits + misses > 0)
    average = shares((right * precision).sum(1), positives)
    return roc, np.where(negatives > 0, average, np.nan)


def areas_by_class(there: np.ndarray, scores: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return both areas for each class: `(n, classes)` twice and `(b, n)` to `(b, classes)` twice."""
    import numpy as np

    found = [areas(there[:, i], scores[:, i], counts) for i in range(scores.shape[1])]
    return np.stack([roc for roc, _ in found], axis=1), np.stack([average for _, average in found], axis=1)
