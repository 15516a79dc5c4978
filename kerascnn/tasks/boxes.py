"""What is done with found boxes: read them off a network's grid, compare them with the true ones, and score them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

OVERLAP = 0.5
"""IoU from which on the less certain of two boxes of a class is left out."""


def overlaps(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes `(a, 4)` with boxes `(b, 4)`: `(a, b)`.

    Boxes are left, top, right, bottom; one without area has 0 with all.
    """
    import numpy as np

    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1][None] - both
    return np.asarray(np.divide(both, union, out=np.zeros_like(both), where=both > 0))


def suppressed(boxes: np.ndarray, classes: np.ndarray, overlap: float = OVERLAP) -> np.ndarray:
    """Return which of the boxes `(k, 4)`, the most certain first, none of the same class before them covers."""
    import numpy as np

    covers = (overlaps(boxes, boxes) > overlap) & (classes[:, None] == classes[None])
    kept = np.ones(len(boxes), bool)
    for i in range(len(boxes)):
        if kept[i]:
            kept[i + 1 :] &= ~covers[i, i + 1 :]
    return kept


def decode(answer: np.ndarray, size: Sequence[int], *, threshold: float, most: int) -> np.ndarray:
    """Return the boxes on a network's grid `(h, w, classes + 4)`: float32 `(k, 6)`, the most certain first.

    A row is the class number; left, top, right and bottom in pixels of a picture of this size (height, width); and the
    score. There is a box where a class is as probable as anywhere in the 3 x 3 cells about, and the threshold at least;
    boxes that one of their class covers are left out.
    """
    import numpy as np
    from scipy.ndimage import maximum_filter

    height, width, classes = answer.shape[0], answer.shape[1], answer.shape[2] - 4
    heat = answer[..., :classes]
    highest = maximum_filter(heat, size=(3, 3, 1), mode="constant")
    rows, columns, labels = np.nonzero((heat == highest) & (heat >= threshold))
    scores = heat[rows, columns, labels]
    first = np.argsort(-scores, kind="stable")[:most]
    rows, columns, labels, scores = rows[first], columns[first], labels[first], scores[first]
    right, down, across, tall = answer[rows, columns, classes:].T
    x, y = columns + 0.5 + right, rows + 0.5 + down
    boxes = np.stack([x - across / 2, y - tall / 2, x + across / 2, y + tall / 2], axis=1)
    boxes = np.clip(boxes * np.array([size[1] / width, size[0] / height] * 2), 0, [size[1], size[0]] * 2)
    kept = suppressed(boxes, labels)
    return np.column_stack([labels, boxes, scores])[kept].astype("float32")


def matched(found: np.ndarray, truth: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return which of the boxes `(k, 4)`, the most certain first, are right, for each limit of IoU: `(limits, k)`.

    Each takes the true box that it overlaps most of those that no box before it took, as COCO's own evaluation does.
    """
    import numpy as np

    right = np.zeros((len(limits), len(found)), bool)
    if not len(truth):
        return right
    shared = overlaps(found, truth)
    free = np.ones((len(limits), len(truth)), bool)
    every = np.arange(len(limits))
    for i, row in enumerate(shared):
        left = np.where(free, row, -1.0)
        best = left.argmax(1)
        right[:, i] = left[every, best] >= limits
        free[every, best] &= ~right[:, i]
    return right


def average_precision(right: np.ndarray, support: int, points: int | None = None) -> float:
    """Return the area under the curve of precision over recall, from what is right of all, the most certain first.

    Precision at a recall is the highest one at this recall or a higher one. With `points` it is the mean at so many
    recalls from 0 to 1 instead of the area: 101 is COCO's figure; the area is Pascal VOC's since 2010.

    >>> import numpy as np
    >>> average_precision(np.array([True, False, True]), 4)  # 1/4 at precision 1, and 1/4 at 2/3
    0.4166666666666667
    """
    import numpy as np

    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    if points is None:
        return float(precision[np.asarray(right, bool)].sum() / support)
    # As fractions of whole numbers: 3/10 of ten boxes is reached by the third.
    wanted = -(-np.arange(points) * support // (points - 1))
    at = np.searchsorted(hits, wanted)
    return float(np.append(precision, 0.0)[np.minimum(at, len(precision))].mean())
