"""The loss of segmentation: cross-entropy and Dice over the pixels that count."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_LITTLE = 1e-7


@keras.saving.register_keras_serializable(package="kerascnn")
class SegmentationLoss(keras.losses.Loss):
    """Compare probabilities `(n, h, w, classes)` with masks of class numbers `(n, h, w)` over a whole batch.

    Cross-entropy is the mean over the pixels that count. Dice is 1 - 2 |A and B| / (|A| + |B|) of the whole batch
    (Drozdzal et al. 2016, arXiv:1608.04117), the mean over the classes that its masks hold.
    """

    def __init__(
        self,
        kind: str = "cross_entropy",
        ignore: int = 255,
        balanced: bool = False,
        name: str = "segmentation_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`kind` is "cross_entropy", "dice" or "both", their sum. Pixels of the class `ignore` count for nothing.

        `balanced` weighs each pixel's cross-entropy so that all classes that a batch's masks hold count alike.
        """
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.kind, self.ignore, self.balanced = kind, ignore, balanced

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of a batch, one number."""
        sizes = tuple(y_true.shape[1:]), tuple(y_pred.shape[1:-1])
        if None not in sizes[0] + sizes[1] and sizes[0] != sizes[1]:
            raise ValueError(f"masks of {sizes[0]} and answers of {sizes[1]} should be of one size")
        counts = ops.cast(ops.not_equal(y_true, self.ignore), y_pred.dtype)
        numbers = ops.cast(y_true, "int32") * ops.cast(counts, "int32")
        truth = ops.one_hot(numbers, y_pred.shape[-1], dtype=y_pred.dtype) * ops.expand_dims(counts, -1)
        loss = ops.zeros((), y_pred.dtype)
        if self.kind in ("cross_entropy", "both"):
            loss += self._cross_entropy(numbers, truth, counts, y_pred)
        if self.kind in ("dice", "both"):
            loss += _dice(truth, counts, y_pred)
        return loss

    def _cross_entropy(self, numbers: Any, truth: Any, counts: Any, y_pred: Any) -> Any:
        each = ops.sparse_categorical_crossentropy(numbers, y_pred)
        weights = counts
        if self.balanced:
            sizes = ops.sum(truth, (0, 1, 2))
            # A class without a pixel has no pixel to weigh.
            weights = ops.sum(truth / ops.maximum(sizes, 1.0), -1)
        return ops.sum(each * weights) / ops.maximum(ops.sum(weights), _LITTLE)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        return {**super().get_config(), "kind": self.kind, "ignore": self.ignore, "balanced": self.balanced}


def _dice(truth: Any, counts: Any, y_pred: Any) -> Any:
    said = y_pred * ops.expand_dims(counts, -1)
    sizes = ops.sum(truth, (0, 1, 2))
    there = ops.cast(sizes > 0, y_pred.dtype)
    overlap = 2 * ops.sum(truth * said, (0, 1, 2)) / ops.maximum(sizes + ops.sum(said, (0, 1, 2)), _LITTLE)
    return ops.sum(there * (1 - overlap)) / ops.maximum(ops.sum(there), 1.0)
