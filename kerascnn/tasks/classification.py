"""What classifications of pictures, texts, series and sounds have in common: one class for each element."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.spec import DataInfo, Task

if TYPE_CHECKING:
    import numpy as np


class Classification(Task):
    """Say which one of several classes an element belongs to; each medium has its own task."""

    output: ClassVar[str] = "classes"
    metrics: ClassVar[Mapping[str, str]] = {"accuracy": "max"}

    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of each target that is spread over all classes (Szegedy et al. 2015, arXiv:1512.00567)."""

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return one-hot rows."""
        import numpy as np

        return np.eye(len(info.labels), dtype="float32")[np.asarray(answers, dtype=int)]

    def loss(self) -> Any:
        """Return categorical cross-entropy."""
        from keras import losses

        return losses.CategoricalCrossentropy(label_smoothing=self.label_smoothing)

    def compiled_metrics(self) -> list[Any]:
        """Return the accuracy."""
        from keras import metrics

        return [metrics.CategoricalAccuracy(name="accuracy")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return accuracy with its 95 % interval (Wilson 1927), macro F1, loss, a row a class, and the confusions."""
        import numpy as np
        from scipy.stats import binomtest
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

        guesses = np.argmax(answers, axis=1)
        classes = range(len(info.labels))
        right = int((truth == guesses).sum())
        interval = binomtest(right, len(truth)).proportion_ci(confidence_level=0.95, method="wilson")
        precision, recall, f1, support = precision_recall_fscore_support(
            truth, guesses, labels=classes, zero_division=0.0
        )
        loss = float(self.loss()(self.targets(truth, info), answers.astype("float32")))
        return {
            "metrics": {
                "accuracy": right / len(truth),
                "accuracy_low": float(interval.low),
                "accuracy_high": float(interval.high),
                "loss": loss,
                "macro_f1": float(np.mean(f1)),
            },
            "per_class": [
                {
                    "label": label,
                    "precision": float(precision[i]),
                    "recall": float(recall[i]),
                    "f1": float(f1[i]),
                    "support": int(support[i]),
                }
                for i, label in enumerate(info.labels)
            ],
            "floor": {"accuracy": int(support.max()) / len(truth)},
            "confusion_matrix": confusion_matrix(truth, guesses, labels=classes).tolist(),
            "labels": list(info.labels),
        }

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the class with the highest probability, and the probability of each."""
        best = int(answer.argmax())
        return {
            "label": labels[best],
            "confidence": float(answer[best]),
            "probabilities": {label: float(p) for label, p in zip(labels, answer, strict=True)},
        }
