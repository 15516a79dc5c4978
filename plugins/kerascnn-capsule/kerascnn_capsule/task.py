"""One class for each picture, said by the length of its capsule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import DataInfo, Task, register
from kerascnn_capsule.head import LENGTHS

if TYPE_CHECKING:
    import numpy as np

_THERE = 0.5
"""Length from which on a capsule says that its class is there; half-way between the paper's margins."""


@register("classification")
class CapsuleClassification(Task):
    """Say which one of several classes a picture belongs to: the one whose capsule is longest.

    The loss is the margin loss (Sabour et al. 2017, arXiv:1710.09829). A length is 0 to 1, and no probability: lengths
    do not sum to 1, and the loss asks for `present`, however sure the network can be. So there is no confidence, no
    logarithmic loss and no calibration. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "image"
    output: ClassVar[str] = LENGTHS
    metrics: ClassVar[Mapping[str, str]] = {"accuracy": "max"}

    present: float = Field(0.9, gt=0, le=1)
    """Length from which on the capsule of the class that is there costs nothing; m+ in the paper."""
    absent: float = Field(0.1, ge=0, lt=1)
    """Length up to which the capsules of the other classes cost nothing; m- in the paper."""
    absent_weight: float = Field(0.5, gt=0, le=100)
    """How much the other classes count, so that the first steps do not shorten all capsules; lambda in the paper."""

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        if self.absent >= self.present:
            raise PydanticCustomError(
                "margins", "absent ({absent}) should be less than present ({present})", self.model_dump()
            )
        return self

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return one-hot rows."""
        import numpy as np

        return np.eye(len(info.labels), dtype="float32")[np.asarray(answers, dtype=int)]

    def loss(self, info: DataInfo) -> Any:
        """Return the margin loss."""
        from kerascnn_capsule.nn import MarginLoss

        return MarginLoss(self.present, self.absent, self.absent_weight)

    def compiled_metrics(self) -> list[Any]:
        """Return the accuracy."""
        from keras import metrics

        return [metrics.CategoricalAccuracy(name="accuracy")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return the figures of a classification that need no probabilities, and a section on the lengths.

        "accuracy_low" and "accuracy_high" are Wilson's interval, 95 %.
        """
        from scipy.stats import binomtest
        from sklearn.metrics import confusion_matrix

        from kerascnn.evaluation.classes import OneClass
        from kerascnn.tasks.sample_losses import sample_losses

        scores = OneClass(truth, answers)
        right = int((scores.truth == scores.guesses).sum())
        interval = binomtest(right, len(truth)).proportion_ci(confidence_level=0.95, method="wilson")
        loss, losses = sample_losses(self.loss(info), self.targets(truth, info), answers)
        bounds = scores.intervals(info.labels, {"loss": losses})
        return {
            "metrics": {
                **_without_log(scores.metrics()),
                "accuracy": right / len(truth),
                "accuracy_low": float(interval.low),
                "accuracy_high": float(interval.high),
                "loss": loss,
            },
            **bounds,
            "intervals": _without_log(bounds["intervals"]),
            "notes": [*scores.notes(info.labels), *bounds["notes"]],
            "per_class": scores.rows(info.labels),
            "floor": _without_log(scores.floor()),
            "confusion_matrix": confusion_matrix(truth, scores.guesses, labels=range(len(info.labels))).tolist(),
            "labels": list(info.labels),
            "sections": [_lengths_section(scores.there, scores.answers, info.labels)],
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the report's first metric as a mean over samples: its name, its better direction, what each has."""
        import numpy as np

        return "accuracy", "max", (answers.argmax(1) == np.asarray(truth)).astype(float)

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the class with the longest capsule, and the length of each; a length is no confidence."""
        return {
            "label": labels[int(answer.argmax())],
            "confidence": None,
            "values": {label: float(length) for label, length in zip(labels, answer, strict=True)},
        }


def _without_log(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return figures without the logarithmic loss, which is one of probabilities."""
    return {name: value for name, value in figures.items() if name != "log_loss"}


def _lengths_section(there: np.ndarray, answers: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Return how long capsules are where their class is there and where it is not: the part of the report's page."""
    from kerascnn.evaluation.bootstrap import number, shares

    long = (answers > _THERE).sum(1)
    one, several, none = (float(share.mean()) for share in (long == 1, long > 1, long == 0))
    with_it = shares((answers * there).sum(0), there.sum(0))
    without = shares((answers * ~there).sum(0), (~there).sum(0))
    return {
        "title": "Lengths of the capsules",
        "text": f"{one:.1%} of the pictures have one capsule longer than {_THERE}, {several:.1%} several, {none:.1%} "
        "none. A length is no probability: those of a picture do not sum to 1.",
        "table": {
            "head": ["class", "mean length where it is there", "mean length where it is not"],
            "rows": [
                [label, number(present), number(absent)]
                for label, present, absent in zip(labels, with_it, without, strict=True)
            ],
        },
    }
