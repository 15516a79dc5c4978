"""Any number of classes for each picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kerascnn.spec import DataInfo, Task, register
from kerascnn.tasks.losses import ClassWeights, refuse_unused, sides_of

if TYPE_CHECKING:
    import numpy as np


@register("image_multilabel")
class ImageMultilabel(Task):
    """Say of each of several classes whether a picture shows it.

    The loss is binary cross-entropy or focal, the mean over the classes. Shapes: targets and answers `(n, classes)`.
    """

    reads: ClassVar[str] = "image"
    target: ClassVar[str] = "classes"
    output: ClassVar[str] = "each_class"
    metrics: ClassVar[Mapping[str, str]] = {"auc": "max"}
    presets: ClassVar[Mapping[str, str]] = {
        "quick": "multilabel_manifest",
        "balanced": "multilabel_manifest",
        "thorough": "multilabel_manifest",
    }

    criterion: Literal["cross_entropy", "focal"] = "cross_entropy"
    """What the loss is: binary cross-entropy; or the focal loss, in which decisions that are right already hardly count
    (Lin et al. 2017, arXiv:1708.02002)."""
    gamma: float = Field(2.0, gt=0, le=10)
    """Power of the focal loss: the higher, the less count decisions that are answered well already; 2 in the paper."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of the way to a half by which each target is moved."""
    class_weights: ClassWeights = "none"
    """How much it counts in the loss, of training and validation alike, that a class is there: none, as much as that it
    is not; auto, so that for each class the training samples that show it and those that do not count alike, however
    few they are; or weights by the classes' names, `{cat: 2.5}`, 1 for those that are not named."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Probability from which on a class is said to be there, for precision, recall and F1."""

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        refuse_unused(self, "criterion", {"gamma": ("focal",)})
        return self

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return rows of 0 and 1."""
        import numpy as np

        return np.asarray(answers, dtype="float32")

    def loss(self, info: DataInfo) -> Any:
        """Return binary cross-entropy or focal loss. Raises DataError for `class_weights` that do not fit."""
        from kerascnn.nn.multilabel_loss import MultilabelLoss

        gamma = self.gamma if self.criterion == "focal" else 0.0
        there, gone = sides_of(self.class_weights, info) or (None, None)
        return MultilabelLoss(gamma, there, gone, self.label_smoothing)

    def compiled_metrics(self) -> list[Any]:
        """Return the area under the ROC curve over all classes and samples together."""
        from keras import metrics

        return [metrics.AUC(name="auc")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return the share of samples that are right as a whole, figures over the classes, and a row a class.

        "intervals" and "class_intervals" are those of the bootstrap, 95 %. Means over classes are of those that have
        samples or are said. "log_loss" is plain cross-entropy, "loss" that of the training.
        """
        from kerascnn.evaluation.classes import EachClass
        from kerascnn.tasks.sample_losses import sample_losses

        scores = EachClass(truth, answers, self.threshold)
        loss, losses = sample_losses(self.loss(info), self.targets(truth, info), answers)
        bounds = scores.intervals(info.labels, {"loss": losses})
        return {
            "metrics": {**scores.metrics(), "loss": loss},
            **bounds,
            "notes": [*scores.notes(info.labels), *bounds["notes"]],
            "floor": scores.floor(),
            "per_class": scores.rows(info.labels),
            "labels": list(info.labels),
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the report's first metric as a mean over samples: its name, its better direction, what each has."""
        return "exact_match", "max", self.decisions(truth, answers)[1].astype(float)

    def decisions(self, truth: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how sure each answer is, which is its least sure decision, and whether all of it is right."""
        import numpy as np

        said = answers >= self.threshold
        return np.where(said, answers, 1 - answers).min(1), (said == np.asarray(truth, dtype=bool)).all(1)

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the classes that are there, divided by semicolons; the confidence is the lowest of the decisions."""
        there = [label for label, p in zip(labels, answer, strict=True) if p >= self.threshold]
        sure = [float(p if p >= self.threshold else 1 - p) for p in answer]
        return {
            "label": ";".join(there),
            "confidence": min(sure),
            "probabilities": {label: float(p) for label, p in zip(labels, answer, strict=True)},
        }
