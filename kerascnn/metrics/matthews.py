"""The correlation of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import DataInfo, Metric, register

if TYPE_CHECKING:
    import numpy as np


@register("matthews")
class Matthews(Metric):
    """Say how answers and truth correlate (Matthews 1975; of several classes, Gorodkin 2004): 1 always right.

    0 is no better than chance. Rare classes count as common ones do. It is 0 where either is of one class alone.
    """

    outputs: ClassVar[frozenset[str]] = frozenset({"classes"})
    better: ClassVar[str] = "max"

    def measure(self, truth: Any, answers: np.ndarray, info: DataInfo) -> float:
        """Return the correlation of the likeliest classes with the true ones."""
        import numpy as np

        said, truth, classes = answers.argmax(1), np.asarray(truth, dtype=int), answers.shape[1]
        shares = [np.bincount(one, minlength=classes) / len(truth) for one in (truth, said)]
        spread = [1 - float((share**2).sum()) for share in shares]
        if min(spread) < 1e-12:
            return 0.0
        together = float((truth == said).mean()) - float((shares[0] * shares[1]).sum())
        return together / float(np.sqrt(spread[0] * spread[1]))
