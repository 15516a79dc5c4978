"""Agreement beyond chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kerascnn.spec import DataInfo, Metric, register

if TYPE_CHECKING:
    import numpy as np


@register("cohen_kappa")
class CohenKappa(Metric):
    """Say how much more often answers and truth agree than by chance (Cohen 1960): 1 always, 0 no more than by chance.

    There is none where truth and answers are of one and the same class alone.
    """

    outputs: ClassVar[frozenset[str]] = frozenset({"classes"})
    better: ClassVar[str] = "max"

    weights: Literal["none", "linear", "quadratic"] = "none"
    """What a mistake counts: none, all alike; by how many classes apart the two are in the order of the classes
    (linear), or by the square of that, for grades of one thing (Cohen 1968)."""

    def measure(self, truth: Any, answers: np.ndarray, info: DataInfo) -> float:
        """Return kappa of the likeliest classes; NaN where there is none."""
        import numpy as np

        classes = answers.shape[1]
        found = np.bincount(np.asarray(truth, dtype=int) * classes + answers.argmax(1), minlength=classes * classes)
        table = found.reshape(classes, classes) / len(answers)
        apart = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes)))
        costs = {"none": apart > 0, "linear": apart, "quadratic": apart**2}[self.weights]
        by_chance = float((costs * np.outer(table.sum(1), table.sum(0))).sum())
        return 1 - float((costs * table).sum()) / by_chance if by_chance > 0 else np.nan
