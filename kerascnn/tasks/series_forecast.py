"""What comes next in a series."""

from __future__ import annotations

from collections.abc import Mapping
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
    (Hyndman, Koehler 2006): below 1 it is better than that. To predict, give the latest rows: of more than a window the
    last ones count, and fewer are refused. Shapes: answers `(n, steps x values)`.
    """

    reads: ClassVar[str] = "series"
    target: ClassVar[str] = "forecast"
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "tcn_forecast",
        "balanced": "tcn_forecast",
        "thorough": "tcn_forecast",
    }

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return the numbers that follow, without the naive forecast and the scale that come with them."""
        return super().targets(answers, info)[:, : len(info.labels)]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return mean absolute error, root of the mean squared error and MASE; "floor" is the naive forecast.

        A series that never changed in training has no scale, and no part in MASE.
        """
        import numpy as np

        from kerascnn.evaluation.numbers import NumberScores
        from kerascnn.tasks.sample_losses import sample_losses

        wanted, naive, scale = np.split(np.asarray(truth, "float64"), 3, axis=1)
        scores = NumberScores(wanted, answers, scale)
        steps = [NumberScores(wanted[:, [i]], answers[:, [i]], scale[:, [i]]) for i in range(len(info.labels))]
        loss, losses = sample_losses(self.loss(info), self.targets(truth, info), answers)
        return {
            "metrics": {**scores.metrics(), "loss": loss},
            "intervals": scores.intervals({"loss": losses}),
            "notes": ["Windows of a series overlap and are not independent, so that the intervals are too narrow."],
            "floor": NumberScores(wanted, naive, scale).metrics(),
            "floor_is": "the naive forecast",
            "per_class": [
                {
                    "label": label,
                    **steps[i].metrics(),
                    "naive_mae": float(np.abs(naive - wanted)[:, i].mean()),
                    "support": len(wanted),
                }
                for i, label in enumerate(info.labels)
            ],
            "labels": list(info.labels),
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the report's first metric as a mean over samples: its name, its better direction, what each has."""
        return super().each(truth[:, : answers.shape[1]], answers, info)
