"""The class of each pixel of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from kerascnn.errors import DataError
from kerascnn.spec import DataInfo, Task, register
from kerascnn.spec.kinds import IGNORE
from kerascnn.tasks.losses import ClassWeights, refuse_unused, weights_of

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
    presets: ClassVar[Mapping[str, str]] = {"quick": "unet", "balanced": "unet", "thorough": "unet"}

    criterion: Literal[
        "cross_entropy", "focal", "dice", "tversky", "cross_entropy_dice", "cross_entropy_tversky", "focal_dice"
    ] = "cross_entropy"
    """What the loss is: cross-entropy, the mean over the pixels; focal, the same with pixels that are answered well
    already hardly counting (Lin et al. 2017, arXiv:1708.02002); Dice, 1 - 2 |A and B| / (|A| + |B|), the mean over the
    classes of a batch (Drozdzal et al. 2016, arXiv:1608.04117); Tversky, Dice with weights for what is said too much
    and too little (Salehi et al. 2017, arXiv:1706.05721); or the sum of two of them."""
    gamma: float = Field(2.0, gt=0, le=10)
    """Power of the focal loss: the higher, the less count pixels that are answered well already; 2 in the paper."""
    alpha: float = Field(0.3, gt=0, le=10)
    """What a pixel that is wrongly said to be of a class costs, in Tversky; `alpha` and `beta` 0.5 make Dice."""
    beta: float = Field(0.7, gt=0, le=10)
    """What a pixel of a class that is missed costs, in Tversky; the paper has 0.7 for small things."""
    class_weights: ClassWeights = "none"
    """auto weighs pixels in cross-entropy and focal loss so that all classes that a batch's masks hold count alike,
    however few pixels they have; Dice and Tversky always do so. Weights by the classes' names, `{wall: 2.5}`, 1 for
    those that are not named, hold for all losses."""

    @model_validator(mode="after")
    def _is_read(self) -> Self:
        tversky = ("tversky", "cross_entropy_tversky")
        refuse_unused(self, "criterion", {"gamma": ("focal", "focal_dice"), "alpha": tversky, "beta": tversky})
        return self

    def outputs(self, info: DataInfo) -> int:
        """Return the number of classes."""
        return len(info.labels)

    def targets(self, answers: np.ndarray, info: DataInfo) -> np.ndarray:
        """Return the masks as they are, uint8."""
        import numpy as np

        return np.asarray(answers, dtype="uint8")

    def loss(self, info: DataInfo) -> Any:
        """Return the loss over the pixels that count. Raises DataError for `class_weights` that do not fit."""
        from kerascnn.nn.segmentation_loss import SegmentationLoss

        balanced = self.class_weights == "auto"
        weights = None if balanced else weights_of(self.class_weights, info)
        return SegmentationLoss(self.criterion, IGNORE, balanced, weights, self.gamma, self.alpha, self.beta)

    def compiled_metrics(self) -> list[Any]:
        """Return the mean IoU and the share of right pixels."""
        from kerascnn.nn.segmentation_metrics import MaskedAccuracy, MaskedMeanIoU

        return [MaskedMeanIoU(IGNORE, name="mean_iou"), MaskedAccuracy(IGNORE, name="pixel_accuracy")]

    def report(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> dict[str, Any]:
        """Return mean IoU, pixel accuracy, mean Dice, loss, a row a class, and the confusions of pixels.

        Pixels of all pictures are taken together. A class that neither the masks nor the answers hold has no figures,
        and no say in the means. "intervals" are those of the bootstrap over pictures, 95 %. Raises DataError where no
        pixel counts.
        """
        import numpy as np

        from kerascnn.evaluation.pixel_losses import PixelLosses
        from kerascnn.evaluation.pixels import PixelScores

        truth, loss = np.asarray(truth), self.loss(info)
        scores = PixelScores(truth, answers, len(info.labels), IGNORE)
        confusions = scores.confusions
        if not confusions.sum():
            raise DataError(f"no pixel counts: every mask is {IGNORE} all over; give masks with classes")
        # What always saying the most frequent class would get.
        constant = np.zeros_like(confusions)
        constant[:, confusions.sum(1).argmax()] = confusions.sum(1)
        rows = _rows(confusions)
        return {
            "metrics": {**_means(confusions), "loss": float(loss(truth, answers.astype("float32", copy=False)))},
            "intervals": {**scores.intervals(), **PixelLosses(truth, answers, loss).intervals()},
            "floor": _means(constant),
            "per_class": [
                {"label": label, **{key: row[i] for key, row in rows.items()}, "support": int(confusions[i].sum())}
                for i, label in enumerate(info.labels)
            ],
            "support_is": "pixels",
            "confusion_matrix": confusions.tolist(),
            "labels": list(info.labels),
        }

    def each(self, truth: np.ndarray, answers: np.ndarray, info: DataInfo) -> tuple[str, str, np.ndarray]:
        """Return the name and better direction of a figure of pictures, and what each has; NaN where no pixel counts.

        It is the mean IoU over the classes that the picture's own mask or answer holds.
        """
        import numpy as np

        from kerascnn.evaluation.pixels import PixelScores

        return "picture_iou", "max", PixelScores(np.asarray(truth), answers, len(info.labels), IGNORE).each()

    def say(self, answer: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """Return the share of pixels of each class; the label spells those that are there, the largest first."""
        import numpy as np

        counts = np.bincount(answer.argmax(-1).ravel(), minlength=len(labels))
        values = {label: float(count / counts.sum()) for label, count in zip(labels, counts, strict=True)}
        there = sorted((label for label in labels if values[label]), key=lambda label: -values[label])
        said = ", ".join(f"{label} {values[label]:.1%}" for label in there)
        return {"label": said, "confidence": None, "values": values}


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
