"""What comes next in a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import DataInfo, register
from kerascnn.tasks.regression import Regression

if TYPE_CHECKING:
    import numpy as np


@register("series_forecast")
class SeriesForecast(Regression):
    """Say the numbers that follow a window of a series, all steps at once.

    The report compares them with the naive forecast, which repeats the last value (or season) of the window. MASE is
    the mean absolute error in units of that of the naive forecast one season ahead on the training part of each series
    (Hyndman, Koehler 2006): below 1 it is better than that. Shapes: answers `(n, steps x values)`.
    """

    reads: ClassVar[str] = "series"
    target: ClassVar[str] = "forecast"

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return the numbers that follow, without the naive forecast and the scale that come with them."""
        return super().targets(answers, info)[:, : len(info.labels)]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return mean absolute error, root of the mean squared error and MASE; "floor" is the naive forecast."""
        import numpy as np

        wanted, naive, scale = np.split(np.asarray(truth, "float64"), 3, axis=1)
        errors = np.asarray(answers, "float64") - wanted
        return {
            "metrics": {
                **_figures(errors, scale),
                "loss": float(self.loss(info)(wanted.astype("float32"), answers.astype("float32"))),
            },
            "floor": _figures(naive - wanted, scale),
            "per_class": [
                {
                    "label": label,
                    **_figures(errors[:, [i]], scale[:, [i]]),
                    "naive_mae": float(np.abs(naive - wanted)[:, i].mean()),
                    "support": len(wanted),
                }
                for i, label in enumerate(info.labels)
            ],
            "labels": list(info.labels),
        }


def _figures(errors: np.ndarray, scale: np.ndarray) -> dict[str, float]:
    """Return the figures of a forecast. A series that never changed in training has no scale, and no part in MASE."""
    import numpy as np

    sizes = np.abs(errors)
    found = {"mae": float(sizes.mean()), "rmse": float(np.sqrt((errors**2).mean()))}
    known = scale > 0
    if known.any():
        found["mase"] = float((sizes[known] / scale[known]).mean())
    return found
