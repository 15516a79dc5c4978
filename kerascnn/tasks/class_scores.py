"""What tasks have in common that name one class for each element, by a score for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec import DataInfo, Task

if TYPE_CHECKING:
    import numpy as np

_OF_PROBABILITIES = frozenset({"log_loss"})
"""Figures that say nothing of other scores."""


class ClassScores(Task):
    """Say which one of several classes an element belongs to: the one with the highest score.

    Scores need not be probabilities, and then none of the figures is of these. A task derives from this class, says
    what it reads and what heads answer with, and defines `loss`, which is a mean over samples. Shapes: targets and
    answers `(n, classes)`.
    """

    metrics: ClassVar[Mapping[str, str]] = {"accuracy": "max"}
    probabilities: ClassVar[bool] = False
    """Whether the scores of an element are probabilities, which sum up to 1."""

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return one-hot rows."""
        import numpy as np

        return np.eye(len(info.labels), dtype="float32")[np.asarray(answers, dtype=int)]

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
                **self._told(scores.metrics()),
                "accuracy": right / len(truth),
                "accuracy_low": float(interval.low),
                "accuracy_high": float(interval.high),
                "loss": loss,
            },
            **bounds,
            "intervals": self._told(bounds["intervals"]),
            "notes": [*scores.notes(info.labels), *bounds["notes"]],
            "per_class": scores.rows(info.labels),
            "floor": self._told(scores.floor()),
            "confusion_matrix": confusion_matrix(truth, scores.guesses, labels=range(len(info.labels))).tolist(),
            "labels": list(info.labels),
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the report's first metric as a mean over samples: its name, its better direction, what each has."""
        import numpy as np

        return "accuracy", "max", (np.argmax(answers, axis=1) == np.asarray(truth)).astype(float)

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the class with the highest score, and the score of each; a probability says how sure it is."""
        best = int(answer.argmax())
        return {
            "label": labels[best],
            "confidence": float(answer[best]) if self.probabilities else None,
            "probabilities" if self.probabilities else "values": {
                label: float(score) for label, score in zip(labels, answer, strict=True)
            },
        }

    def _told(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        """Return figures without those that need probabilities, where the scores are none."""
        return {name: value for name, value in figures.items() if self.probabilities or name not in _OF_PROBABILITIES}
