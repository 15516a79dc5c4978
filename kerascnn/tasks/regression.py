"""What regressions of pictures and series have in common: numbers for each element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kerascnn.spec import DataInfo, Task
from kerascnn.tasks.losses import refuse_unused

if TYPE_CHECKING:
    import numpy as np


class Regression(Task):
    """Say one number or several of each element; each medium has its own task."""

    target: ClassVar[str] = "values"
    output: ClassVar[str] = "values"
    metrics: ClassVar[Mapping[str, str]] = {"mae": "min"}

    error: Literal["squared", "absolute", "huber", "log_cosh"] = "squared"
    """What the loss is the mean of: the squared error; the absolute one; Huber's, half the squared error up to `delta`,
    then linear; or the logarithm of its hyperbolic cosine, much like Huber's, without a corner."""
    delta: float = Field(1.0, gt=0)
    """Error from which on Huber's is linear, in units of the numbers."""

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        refuse_unused(self, "error", {"delta": ("huber",)})
        return self

    def outputs(self, info: DataInfo) -> int:
        """Return how many numbers each element has."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return the numbers as they are."""
        import numpy as np

        return np.asarray(answers, dtype="float32")

    def loss(self, info: DataInfo) -> Any:
        """Return the mean error."""
        from keras import losses

        if self.error == "huber":
            return losses.Huber(self.delta)
        return {
            "squared": losses.MeanSquaredError,
            "absolute": losses.MeanAbsoluteError,
            "log_cosh": losses.LogCosh,
        }[self.error]()

    def compiled_metrics(self) -> list[Any]:
        """Return the mean absolute error."""
        from keras import metrics

        return [metrics.MeanAbsoluteError(name="mae")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return mean absolute error, root of the mean squared error and R2, over all numbers and for each.

        "intervals" are those of the bootstrap, 95 %. R2 says nothing of a number on which all samples agree.
        """
        import numpy as np

        from kerascnn.evaluation.bootstrap import number
        from kerascnn.evaluation.numbers import NumberScores
        from kerascnn.tasks.sample_losses import sample_losses

        scores, wanted = NumberScores(truth, answers), np.asarray(truth, dtype="float64")
        r2 = scores.explained(np.ones((1, len(wanted)), dtype=int))[0]
        agreed = [f"'{label}'" for i, label in enumerate(info.labels) if not scores.varied[i]]
        spread, apart = wanted - wanted.mean(0), wanted - np.median(wanted, axis=0)
        loss, losses = sample_losses(self.loss(info), self.targets(truth, info), answers)
        return {
            "metrics": {**scores.metrics(), "loss": loss},
            "intervals": scores.intervals({"loss": losses}),
            "notes": [f"All samples agree on {', '.join(agreed)}: there is no R2."] if agreed else [],
            "floor": {
                "mae": float(np.abs(apart).mean()),
                "rmse": float(np.sqrt((spread**2).mean())),
                **({"r2": 0.0} if scores.varied.any() else {}),
            },
            "per_class": [
                {
                    "label": label,
                    "mae": float(scores.sizes[:, i].mean()),
                    "rmse": float(np.sqrt(scores.squares[:, i].mean())),
                    "r2": number(r2[i]),
                    "support": len(wanted),
                }
                for i, label in enumerate(info.labels)
            ],
            "labels": list(info.labels),
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the report's first metric as a mean over samples: its name, its better direction, what each has."""
        import numpy as np

        return "mae", "min", np.abs(np.asarray(answers, "float64") - truth).mean(1)

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the numbers by their names; there is no confidence."""
        values = {label: float(value) for label, value in zip(labels, answer, strict=True)}
        said = ", ".join(f"{label} {value:.4g}" for label, value in values.items())
        return {"label": said, "confidence": None, "values": values}
