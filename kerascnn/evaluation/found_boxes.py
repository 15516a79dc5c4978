"""Figures of found boxes for pictures that count more than once or not at all, as the bootstrap draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_CHUNK = 1_000_000


@dataclass(frozen=True)
class ClassBoxes:
    """The boxes of one class in all pictures, those found the most certain first."""

    scores: np.ndarray
    """How certain each found box is, falling: `(k,)`."""
    right: np.ndarray
    """Which of them are right, for each limit of IoU: bool `(limits, k)`."""
    pictures: np.ndarray
    """The picture of each: `(k,)`."""
    support: np.ndarray
    """How many true boxes each picture has: `(n,)`."""


class BoxScores:
    """Average precisions of classes for any weights of the pictures; the first limit of IoU is that of mAP@.5."""

    def __init__(self, classes: Sequence[ClassBoxes]):
        self.classes, self.n = classes, len(classes[0].support)

    def figures(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return both mean average precisions for weights `(b, n)`: `(b,)` each.

        They are means over the classes that have boxes in the pictures that count.
        """
        import numpy as np

        from kerascnn.evaluation.bootstrap import mean_defined

        found = np.stack([_average_precisions(one, counts) for one in self.classes])
        return {"map50": mean_defined(found[..., 0].T), "map50_95": mean_defined(found[..., 1].T)}

    def intervals(self) -> dict[str, list[float]]:
        """Return the 95 % interval of each figure, by the bootstrap over pictures; none where that is too much work."""
        from kerascnn.evaluation.bootstrap import intervals, times_for

        touched = sum(self.n + len(one.scores) + int(one.right.sum()) for one in self.classes)
        times = times_for(touched)
        return intervals(self.figures, self.n, times=times) if times else {}


def box_f1(right: np.ndarray, found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return F1 from how many boxes are right, found and true: 1 where there are neither found nor true ones."""
    import numpy as np

    from kerascnn.evaluation.bootstrap import shares

    whole = np.asarray(found) + np.asarray(true)
    return np.where(whole == 0, 1.0, shares(2 * np.asarray(right), whole))


def _average_precisions(boxes: ClassBoxes, counts: np.ndarray) -> np.ndarray:
    """Return for weights `(b, n)` the area at the first limit, and the mean over the limits of 101 points: `(b, 2)`."""
    import numpy as np

    step = max(1, _CHUNK // max(len(boxes.scores), 1))
    return np.concatenate([_of_part(boxes, counts[i : i + step]) for i in range(0, len(counts), step)])


def _of_part(boxes: ClassBoxes, counts: np.ndarray) -> np.ndarray:
    import numpy as np

    from kerascnn.evaluation.bootstrap import shares

    support = counts @ boxes.support
    weights = counts[:, boxes.pictures]
    shown = np.cumsum(weights, axis=1)
    area, points = np.zeros(len(counts)), np.zeros(len(counts))
    for limit, right in enumerate(boxes.right):
        # Precision is highest where a box is right: the others count in `shown` alone.
        at = np.flatnonzero(right)
        if not len(at):
            continue
        mine = weights[:, at]
        hits = np.cumsum(mine, axis=1)
        precision = np.divide(hits, shown[:, at], out=np.zeros(hits.shape), where=shown[:, at] > 0)
        highest = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        if limit == 0:
            area = (highest * mine).sum(1)
        # How many of the recalls 1 %, 2 % ... 100 % each box reaches that none before it did; 0 % takes no box.
        reached = 100 * hits // np.maximum(support, 1)[:, None]
        points += highest[:, 0] + (highest * np.diff(reached, axis=1, prepend=0)).sum(1)
    return np.stack([shares(area, support), shares(points / 101 / len(boxes.right), support > 0)], axis=1)
