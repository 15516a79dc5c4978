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
        """Return mean absolute error, root of the mean squared error and R2, over all numbers and for each."""
        import numpy as np

        wanted = np.asarray(truth, dtype="float64")
        errors = np.asarray(answers, dtype="float64") - wanted
        spread, apart = wanted - wanted.mean(0), wanted - np.median(wanted, axis=0)
        squares, total = (errors**2).sum(0), (spread**2).sum(0)
        # Where all samples agree there is nothing to explain.
        r2 = [float(1 - s / t) if t > 0 else None for s, t in zip(squares, total, strict=True)]
        known = [value for value in r2 if value is not None]
        return {
            "metrics": {
                "mae": float(np.abs(errors).mean()),
                "rmse": float(np.sqrt((errors**2).mean())),
                "r2": float(np.mean(known)) if known else 0.0,
                "loss": float(self.loss(info)(self.targets(truth, info), answers.astype("float32"))),
            },
            "floor": {"mae": float(np.abs(apart).mean()), "rmse": float(np.sqrt((spread**2).mean()))},
            "per_class": [
                {
                    "label": label,
                    "mae": float(np.abs(errors[:, i]).mean()),
                    "rmse": float(np.sqrt((errors[:, i] ** 2).mean())),
                    "r2": r2[i],
                    "support": len(wanted),
                }
                for i, label in enumerate(info.labels)
            ],
            "labels": list(info.labels),
        }

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the numbers by their names; there is no confidence."""
        values = {label: float(value) for label, value in zip(labels, answer, strict=True)}
        said = ", ".join(f"{label} {value:.4g}" for label, value in values.items())
        return {"label": said, "confidence": None, "values": values}
