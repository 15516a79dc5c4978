"""Figures of answers for each pixel, from how many pixels of each class every picture has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class PixelScores:
    """Pixels of each class that are there, that are said, and that are both, picture by picture.

    Truth are class numbers `(n, height, width)`, answers `(n, height, width, classes)`; pixels whose true class is
    `ignore` count for nothing.
    """

    def __init__(self, truth: np.ndarray, answers: np.ndarray, classes: int, ignore: int):
        import numpy as np

        self.n = len(truth)
        self.confusions = np.zeros((classes, classes), dtype="int64")
        """How many pixels of each class (rows) are said to be of each (columns)."""
        # The whole table of every picture would be as large as the pictures where there are many classes.
        self.tallies = np.zeros((self.n, 3, classes))
        # Picture by picture: a split has more pixels than its pictures have bytes.
        for i, (mask, answer) in enumerate(zip(truth, answers, strict=True)):
            counts = mask != ignore
            pairs = mask[counts].astype("int64") * classes + answer.argmax(-1)[counts]
            found = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
            self.confusions += found
            self.tallies[i] = found.diagonal(), found.sum(1), found.sum(0)

    def figures(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return mean IoU, pixel accuracy and mean Dice for weights `(b, n)` of the pictures: `(b,)` each."""
        from kerascnn.evaluation.bootstrap import mean_defined, shares

        sums = counts.astype("float64") @ self.tallies.reshape(self.n, -1)
        right, wanted, said = sums.reshape(len(counts), *self.tallies.shape[1:]).swapaxes(0, 1)
        return {
            "mean_iou": mean_defined(shares(right, wanted + said - right)),
            "pixel_accuracy": shares(right.sum(1), wanted.sum(1)),
            "mean_dice": mean_defined(shares(2 * right, wanted + said)),
        }

    def intervals(self) -> dict[str, list[float]]:
        """Return the 95 % interval of each figure, by the bootstrap over pictures."""
        from kerascnn.evaluation.bootstrap import intervals

        return intervals(self.figures, self.n)

    def each(self) -> np.ndarray:
        """Return the mean IoU of each picture over the classes that its mask or its answer holds: `(n,)`.

        NaN for a picture of which no pixel counts.
        """
        from kerascnn.evaluation.bootstrap import mean_defined, shares

        right, wanted, said = self.tallies.swapaxes(0, 1)
        return mean_defined(shares(right, wanted + said - right))
