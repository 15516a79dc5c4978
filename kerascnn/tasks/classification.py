"""What classifications of pictures, texts, series and sounds have in common: one class for each element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kerascnn.spec import DataInfo, Task
from kerascnn.tasks.losses import ClassWeights, refuse_unused, weights_of

if TYPE_CHECKING:
    import numpy as np


class Classification(Task):
    """Say which one of several classes an element belongs to; each medium has its own task."""

    output: ClassVar[str] = "classes"
    metrics: ClassVar[Mapping[str, str]] = {"accuracy": "max"}

    criterion: Literal["cross_entropy", "focal"] = "cross_entropy"
    """What the loss is: cross-entropy; or the focal loss, in which elements that are answered well already hardly count
    (Lin et al. 2017, arXiv:1708.02002)."""
    gamma: float = Field(2.0, gt=0, le=10)
    """Power of the focal loss: the higher, the less count elements that are answered well already; 2 in the paper."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of each target that is spread over all classes (Szegedy et al. 2015, arXiv:1512.00567)."""
    class_weights: ClassWeights = "none"
    """How much each class counts in the loss, of training and validation alike: none, all elements alike; auto, all
    classes alike, however few samples of the training split they have; or weights by the classes' names,
    `{cat: 2.5}`, 1 for those that are not named."""

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        refuse_unused(self, "criterion", {"gamma": ("focal",)})
        return self

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return one-hot rows."""
        import numpy as np

        return np.eye(len(info.labels), dtype="float32")[np.asarray(answers, dtype=int)]

    def loss(self, info: DataInfo) -> Any:
        """Return categorical cross-entropy or focal loss. Raises DataError for `class_weights` that do not fit."""
        from kerascnn.nn.classification_loss import ClassificationLoss

        gamma = self.gamma if self.criterion == "focal" else 0.0
        return ClassificationLoss(gamma, weights_of(self.class_weights, info), self.label_smoothing)

    def compiled_metrics(self) -> list[Any]:
        """Return the accuracy."""
        from keras import metrics

        return [metrics.CategoricalAccuracy(name="accuracy")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return the figures of the answers, a row a class, and the confusions.

        "accuracy_low" and "accuracy_high" are Wilson's interval (1927); "intervals" and "class_intervals" hold those of
        the bootstrap, 95 % all. "log_loss" is plain cross-entropy, "loss" that of the training. Means over classes are
        of those that have samples or are said; areas under curves are those of each class against the others.
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
                **scores.metrics(),
                "accuracy": right / len(truth),
                "accuracy_low": float(interval.low),
                "accuracy_high": float(interval.high),
                "loss": loss,
            },
            **bounds,
            "notes": [*scores.notes(info.labels), *bounds["notes"]],
            "per_class": scores.rows(info.labels),
            "floor": scores.floor(),
            "confusion_matrix": confusion_matrix(truth, scores.guesses, labels=range(len(info.labels))).tolist(),
            "labels": list(info.labels),
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the report's first metric as a mean over samples: its name, its better direction, what each has."""
        return "accuracy", "max", self.decisions(truth, answers)[1].astype(float)

    def decisions(self, truth: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how sure each answer is, its highest probability, and whether it is right."""
        import numpy as np

        return answers.max(1), np.argmax(answers, axis=1) == np.asarray(truth)

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the class with the highest probability, and the probability of each."""
        best = int(answer.argmax())
        return {
            "label": labels[best],
            "confidence": float(answer[best]),
            "probabilities": {label: float(p) for label, p in zip(labels, answer, strict=True)},
        }
