"""The loss of segmentation for pictures that count more than once or not at all, as the bootstrap draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_LEAST = 1e-7
"""The smallest probability and the smallest rest of one, as in Keras's cross-entropy."""
_LEAST_FOCAL = 1e-30
_LITTLE = 1e-7
"""The smallest divisor."""


class PixelLosses:
    """What `kerascnn.nn.segmentation_loss` makes of pictures together, from sums over each picture by itself.

    Means over pixels and overlaps of classes are no means over pictures, but come from sums over them.
    """

    def __init__(self, truth: np.ndarray, answers: np.ndarray, loss: Any):
        """Take masks `(n, h, w)`, probabilities `(n, h, w, classes)`, and the loss with its settings."""
        import numpy as np

        self.loss, self.n = loss, len(truth)
        classes = answers.shape[-1]
        self.sums = np.zeros((self.n, 5, classes))
        """Of each picture and class: pixels there, their cross-entropy and focal cost, what is said of them, and what
        is said of the class anywhere."""
        for i, (mask, answer) in enumerate(zip(truth, answers, strict=True)):
            counts = mask != loss.ignore
            numbers, p = mask[counts].astype("int64"), answer[counts].astype("float64")
            own = p[np.arange(len(p)), numbers]
            parts = np.ones(len(own)), cross_entropy(p, own), focal(own, loss.gamma), own
            for k, part in enumerate(parts):
                self.sums[i, k] = np.bincount(numbers, part, minlength=classes)
            self.sums[i, 4] = p.sum(0)

    def figures(self, counts: np.ndarray) -> dict[str, np.ndarray]:
        """Return the loss for weights `(b, n)` of the pictures: `(b,)`; NaN where no pixel counts."""
        import numpy as np

        sums = counts.astype("float64") @ self.sums.reshape(self.n, -1)
        pixels, entropy, sharp, both, said = sums.reshape(len(counts), *self.sums.shape[1:]).swapaxes(0, 1)
        kind, total = self.loss.kind, np.zeros(len(counts))
        if "cross_entropy" in kind:
            total = total + self._mean(entropy, pixels)
        if "focal" in kind:
            total = total + self._mean(sharp, pixels)
        if "dice" in kind:
            total = total + self._apart(pixels, both, said, 0.5, 0.5)
        if "tversky" in kind:
            total = total + self._apart(pixels, both, said, self.loss.alpha, self.loss.beta)
        return {"loss": np.where(pixels.sum(1) > 0, total, np.nan)}

    def intervals(self) -> dict[str, list[float]]:
        """Return the 95 % interval of the loss, by the bootstrap over pictures."""
        from kerascnn.evaluation.bootstrap import intervals

        return intervals(self.figures, self.n)

    def _mean(self, costs: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """Return the mean of what pixels cost, `(b, classes)` to `(b,)`."""
        import numpy as np

        if self.loss.balanced:
            weights = 1 / np.maximum(pixels, 1.0)
        else:
            weights = self._by_class(pixels)
        return np.asarray((costs * weights).sum(1) / np.maximum((pixels * weights).sum(1), _LITTLE))

    def _apart(self, pixels: np.ndarray, both: np.ndarray, said: np.ndarray, alpha: float, beta: float) -> np.ndarray:
        """Return 1 - Tversky's index, the mean over the classes that are there."""
        import numpy as np

        there = (pixels > 0) * self._by_class(pixels)
        alike = both / np.maximum(both + alpha * (said - both) + beta * (pixels - both), _LITTLE)
        return np.asarray((there * (1 - alike)).sum(1) / np.maximum(there.sum(1), _LITTLE))

    def _by_class(self, pixels: np.ndarray) -> np.ndarray:
        import numpy as np

        given = self.loss.weights
        return np.ones(pixels.shape[1]) if given is None else np.asarray(given, "float64")


def cross_entropy(p: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of probabilities `(k, classes)`, `own` those of what is there, as Keras computes it."""
    import numpy as np

    clipped = np.clip(p, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(clipped.sum(1)) - np.log(np.clip(own, _LEAST, 1 - _LEAST)))


def focal(own: np.ndarray, gamma: float) -> np.ndarray:
    """Return the focal term of probabilities of what is there (Lin et al. 2017, arXiv:1708.02002)."""
    import numpy as np

    return np.asarray(-(np.clip(1 - own, _LEAST, 1) ** gamma) * np.log(np.maximum(own, _LEAST_FOCAL)))
