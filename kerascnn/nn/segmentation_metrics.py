"""Metrics of segmentation over the pixels that count, for any number of classes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
class MaskedMeanIoU(keras.metrics.Metric):
    """Mean over the classes of |A and B| / |A or B|, over all pixels seen; Keras's own has to be told their number.

    Compares probabilities `(n, h, w, classes)` with masks of class numbers `(n, h, w)`. A class that is neither in the
    masks nor in the answers has no say.
    """

    def __init__(self, ignore: int = 255, name: str = "mean_iou", dtype: Any = None):
        """Pixels of the class `ignore` count for nothing."""
        super().__init__(name=name, dtype=dtype)
        self.ignore = ignore
        self.both: Any = None
        self.either: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        classes = y_pred.shape[-1]
        if self.both is None:
            self.both = self.add_weight(shape=(classes,), initializer="zeros", name="both")
            self.either = self.add_weight(shape=(classes,), initializer="zeros", name="either")
        numbers, counts = _masked(y_true, self.ignore)
        counts = ops.expand_dims(ops.cast(counts, self.dtype), -1)
        truth = ops.one_hot(numbers, classes, dtype=self.dtype) * counts
        said = ops.one_hot(ops.argmax(y_pred, -1), classes, dtype=self.dtype) * counts
        both = ops.sum(truth * said, (0, 1, 2))
        self.both.assign_add(both)
        self.either.assign_add(ops.sum(truth + said, (0, 1, 2)) - both)

    def result(self) -> Any:
        """Return the mean over the classes seen so far."""
        if self.both is None:
            return ops.zeros((), self.dtype)
        there = ops.cast(self.either > 0, self.dtype)
        return ops.sum(self.both / ops.maximum(self.either, 1.0)) / ops.maximum(ops.sum(there), 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal metric."""
        return {**super().get_config(), "ignore": self.ignore}


@keras.saving.register_keras_serializable(package="kerascnn")
class MaskedAccuracy(keras.metrics.Metric):
    """Share of the pixels seen whose most probable class is the right one.

    Compares probabilities `(n, h, w, classes)` with masks of class numbers `(n, h, w)`.
    """

    def __init__(self, ignore: int = 255, name: str = "pixel_accuracy", dtype: Any = None):
        """Pixels of the class `ignore` count for nothing."""
        super().__init__(name=name, dtype=dtype)
        self.ignore = ignore
        self.right = self.add_weight(initializer="zeros", name="right")
        self.all = self.add_weight(initializer="zeros", name="all")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch."""
        numbers, counts = _masked(y_true, self.ignore)
        right = ops.logical_and(ops.equal(numbers, ops.cast(ops.argmax(y_pred, -1), "int32")), counts)
        self.right.assign_add(ops.sum(ops.cast(right, self.dtype)))
        self.all.assign_add(ops.sum(ops.cast(counts, self.dtype)))

    def result(self) -> Any:
        """Return the share so far."""
        return self.right / ops.maximum(self.all, 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal metric."""
        return {**super().get_config(), "ignore": self.ignore}


def _masked(y_true: Any, ignore: int) -> tuple[Any, Any]:
    """Return class numbers, 0 for what is ignored, and whether each pixel counts."""
    numbers = ops.cast(y_true, "int32")
    counts = ops.not_equal(numbers, ignore)
    return ops.where(counts, numbers, 0), counts
