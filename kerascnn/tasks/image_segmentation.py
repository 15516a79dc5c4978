"""The class of each pixel of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from kerascnn.errors import DataError
from kerascnn.spec import DataInfo, Task, register
from kerascnn.spec.kinds import IGNORE

if TYPE_CHECKING:
    import numpy as np


@register("image_segmentation")
class ImageSegmentation(Task):
    """Say of each pixel of a picture which one of several classes it belongs to.

    Pixels of class number 255 count for nothing, neither in the loss nor in any figure. Shapes: targets `(n, h, w)`,
    answers `(n, h, w, classes)`.
    """

    reads: ClassVar[str] = "image"
    target: ClassVar[str] = "mask"
    output: ClassVar[str] = "mask"
    metrics: ClassVar[Mapping[str, str]] = {"mean_iou": "max", "pixel_accuracy": "max"}

    criterion: Literal["cross_entropy", "dice", "both"] = "cross_entropy"
    """What the loss is: cross-entropy, the mean over the pixels; Dice, 1 - 2 |A and B| / (|A| + |B|), the mean over the
    classes of a batch (Drozdzal et al. 2016, arXiv:1608.04117); or their sum."""
    class_weights: Literal["none", "auto"] = "none"
    """auto weighs pixels in the cross-entropy so that all classes that a batch's masks hold count alike, however few
    pixels they have; Dice always does so."""

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return the masks as they are, uint8."""
        import numpy as np

        return np.asarray(answers, dtype="uint8")

    def loss(self) -> Any:
        """Return the loss over the pixels that count."""
        from kerascnn.nn.segmentation_loss import SegmentationLoss

        return SegmentationLoss(self.criterion, IGNORE, balanced=self.class_weights == "auto")

    def compiled_metrics(self) -> list[Any]:
        """Return the mean IoU and the share of right pixels."""
        from kerascnn.nn.segmentation_metrics import MaskedAccuracy, MaskedMeanIoU

        return [MaskedMeanIoU(IGNORE, name="mean_iou"), MaskedAccuracy(IGNORE, name="pixel_accuracy")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return mean IoU, pixel accuracy, mean Dice, loss, a row a class, and the confusions of pixels.

        Pixels of all pictures are taken together. A class that neither the masks nor the answers hold has no figures,
        and no say in the means. Raises DataError where no pixel counts.
        """
        import numpy as np

        truth, classes = np.asarray(truth), len(info.labels)
        confusions = _confusions(truth, answers, classes)
        if not confusions.sum():
            raise DataError(f"no pixel counts: every mask is {IGNORE} all over; give masks with classes")
        # What always saying the most frequent class would get.
        constant = np.zeros_like(confusions)
        constant[:, confusions.sum(1).argmax()] = confusions.sum(1)
        rows = _rows(confusions)
        return {
            "metrics": {**_means(confusions), "loss": self._loss(truth, answers)},
            "floor": _means(constant),
            "per_class": [
                {"label": label, **{key: row[i] for key, row in rows.items()}, "support": int(confusions[i].sum())}
                for i, label in enumerate(info.labels)
            ],
            "confusion_matrix": confusions.tolist(),
            "labels": list(info.labels),
        }

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the share of pixels of each class; the label spells those that are there, the largest first."""
        import numpy as np

        counts = np.bincount(answer.argmax(-1).ravel(), minlength=len(labels))
        values = {label: float(count / counts.sum()) for label, count in zip(labels, counts, strict=True)}
        there = sorted((label for label in labels if values[label]), key=lambda label: -values[label])
        said = ", ".join(f"{label} {values[label]:.1%}" for label in there)
        return {"label": said, "confidence": None, "values": values}

    def _loss(self, truth: np.ndarray, answers: np.ndarray) -> float:
        """Return the loss of all pictures taken together."""
        return float(self.loss()(truth, answers.astype("float32", copy=False)))


def _confusions(truth: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """Return how many pixels of each class (rows) are said to be of each (columns)."""
    import numpy as np

    found = np.zeros(classes * classes, dtype="int64")
    # Picture by picture: a split has more pixels than its pictures have bytes.
    for mask, answer in zip(truth, answers, strict=True):
        counts = mask != IGNORE
        pairs = mask[counts].astype("int64") * classes + answer.argmax(-1)[counts]
        found += np.bincount(pairs, minlength=classes * classes)
    return found.reshape(classes, classes)


def _rows(confusions: np.ndarray) -> dict[str, list[float | None]]:
    """Return each figure by class, None for a class that neither the masks nor the answers hold."""
    right, wanted, said = confusions.diagonal(), confusions.sum(1), confusions.sum(0)
    either = wanted + said - right
    parts = {
        "iou": (right, either),
        "dice": (2 * right, wanted + said),
        # As everywhere in the reports, a share of nothing is 0.
        "precision": (right, said.clip(min=1)),
        "recall": (right, wanted.clip(min=1)),
    }
    return {
        key: [float(a / b) if there else None for a, b, there in zip(*pair, either > 0, strict=True)]
        for key, pair in parts.items()
    }


def _means(confusions: np.ndarray) -> dict[str, float]:
    rows = _rows(confusions)
    mean = {key: [value for value in rows[key] if value is not None] for key in ("iou", "dice")}
    return {
        "mean_iou": sum(mean["iou"]) / len(mean["iou"]),
        "pixel_accuracy": float(confusions.trace() / confusions.sum()),
        "mean_dice": sum(mean["dice"]) / len(mean["dice"]),
    }
