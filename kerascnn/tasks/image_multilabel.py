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
        """Return macro F1, mean average precision, the share of rows that are right as a whole, and a row a class."""
        import numpy as np
        from sklearn.metrics import average_precision_score

        wanted, guesses = np.asarray(truth, dtype=int), (answers >= self.threshold).astype(int)
        right, said, support = (wanted * guesses).sum(0), guesses.sum(0), wanted.sum(0)
        precision, recall = right / np.maximum(said, 1), right / np.maximum(support, 1)
        f1 = 2 * right / np.maximum(said + support, 1)
        # The average precision of a class that no sample has, or every sample, says nothing.
        told = [0 < count < len(wanted) for count in support]
        average = [
            float(average_precision_score(wanted[:, i], answers[:, i])) if told[i] else None
            for i in range(len(info.labels))
        ]
        known = [value for value in average if value is not None]
        return {
            "metrics": {
                "exact_match": float((wanted == guesses).all(1).mean()),
                "macro_f1": float(np.mean(f1)),
                "mean_average_precision": float(np.mean(known)) if known else 0.0,
                "loss": float(self.loss(info)(self.targets(truth, info), answers.astype("float32"))),
            },
            "floor": {"exact_match": _commonest(wanted)},
            "per_class": [
                {
                    "label": label,
                    "precision": float(precision[i]),
                    "recall": float(recall[i]),
                    "f1": float(f1[i]),
                    "average_precision": average[i],
                    "support": int(support[i]),
                }
                for i, label in enumerate(info.labels)
            ],
            "labels": list(info.labels),
        }

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the classes that are there, divided by semicolons; the confidence is the lowest of the decisions."""
        there = [label for label, p in zip(labels, answer, strict=True) if p >= self.threshold]
        sure = [float(p if p >= self.threshold else 1 - p) for p in answer]
        return {
            "label": ";".join(there),
            "confidence": min(sure),
            "probabilities": {label: float(p) for label, p in zip(labels, answer, strict=True)},
        }


def _commonest(rows: np.ndarray) -> float:
    """Return the share of samples that always saying the most frequent set of classes would get right."""
    import numpy as np

    _, counts = np.unique(rows, axis=0, return_counts=True)
    return float(counts.max() / len(rows))
