"""An error in percent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import DataInfo, Metric, register

if TYPE_CHECKING:
    import numpy as np


@register("smape")
class Smape(Metric):
    """Say by how many percent numbers are wrong: the mean of 200 * |answer - truth| / (|answer| + |truth|), 0 to 200.

    The symmetric mean absolute percentage error, as in the M4 competition of forecasts (Makridakis et al. 2020). Where
    both are 0 the error is 0. It means little for numbers that are near to 0 or change their sign.
    """

    outputs: ClassVar[frozenset[str]] = frozenset({"values"})
    better: ClassVar[str] = "min"

    def measure(self, truth: Any, answers: np.ndarray, info: DataInfo) -> float:
        """Return the error over all numbers."""
        import numpy as np

        answers = np.asarray(answers, dtype="float64")
        # Behind the numbers of a forecast stand the naive one and the scale.
        wanted = np.asarray(truth, dtype="float64")[:, : answers.shape[1]]
        sizes = np.abs(answers) + np.abs(wanted)
        return 200 * float(np.divide(np.abs(answers - wanted), sizes, out=np.zeros_like(sizes), where=sizes > 0).mean())
