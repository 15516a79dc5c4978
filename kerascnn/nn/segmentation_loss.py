"""The losses of segmentation over the pixels that count: cross-entropy, focal, Dice, Tversky, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn.nn.focal import focal

_LITTLE = 1e-7
_TERMS = {
    "cross_entropy": ("cross_entropy",),
    "focal": ("focal",),
    "dice": ("dice",),
    "tversky": ("tversky",),
    "cross_entropy_dice": ("cross_entropy", "dice"),
    "cross_entropy_tversky": ("cross_entropy", "tversky"),
    "focal_dice": ("focal", "dice"),
}


@keras.saving.register_keras_serializable(package="kerascnn")
class SegmentationLoss(keras.losses.Loss):
    """Compare probabilities `(n, h, w, classes)` with masks of class numbers `(n, h, w)` over a whole batch.

    Cross-entropy and focal loss (Lin et al. 2017, arXiv:1708.02002) are means over the pixels that count, weighted
    where there are weights. Dice is 1 - 2 |A and B| / (|A| + |B|) of the whole batch (Drozdzal et al. 2016,
    arXiv:1608.04117), Tversky is 1 - TP / (TP + alpha FP + beta FN) of it (Salehi et al. 2017, arXiv:1706.05721), both
    the mean over the classes that its masks hold.
    """

    def __init__(
        self,
        kind: str = "cross_entropy",
        ignore: int = 255,
        balanced: bool = False,
        weights: Sequence[float] | None = None,
        gamma: float = 2.0,
        alpha: float = 0.3,
        beta: float = 0.7,
        name: str = "segmentation_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`kind` names a loss, or two of which it is the sum. Pixels of the class `ignore` count for nothing.

        `balanced` weighs pixels so that all classes that a batch's masks hold count alike, `weights` weighs them by
        their class, and the classes in the means of Dice and Tversky. `gamma` is for focal, `alpha` and `beta` for
        Tversky.
        """
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if kind not in _TERMS:
            raise ValueError(f"there is no segmentation loss '{kind}'; there are {', '.join(_TERMS)}")
        self.kind, self.ignore, self.balanced = kind, ignore, balanced
        self.weights = None if weights is None else list(weights)
        self.gamma, self.alpha, self.beta = gamma, alpha, beta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of a batch, one number."""
        sizes = tuple(y_true.shape[1:]), tuple(y_pred.shape[1:-1])
        if None not in sizes[0] + sizes[1] and sizes[0] != sizes[1]:
            raise ValueError(f"masks of {sizes[0]} and answers of {sizes[1]} should be of one size")
        counts = ops.cast(ops.not_equal(y_true, self.ignore), y_pred.dtype)
        numbers = ops.cast(y_true, "int32") * ops.cast(counts, "int32")
        truth = ops.one_hot(numbers, y_pred.shape[-1], dtype=y_pred.dtype) * ops.expand_dims(counts, -1)
        loss = ops.zeros((), y_pred.dtype)
        for term in _TERMS[self.kind]:
            if term == "cross_entropy":
                # Pixel by pixel: the torch backend has no gradient for maps.
                rows = ops.reshape(numbers, (-1,)), ops.reshape(y_pred, (-1, y_pred.shape[-1]))
                each = ops.reshape(ops.sparse_categorical_crossentropy(*rows), ops.shape(numbers))
                loss += self._mean(each, truth, counts)
            elif term == "focal":
                loss += self._mean(focal(ops.sum(truth * y_pred, -1), self.gamma), truth, counts)
            else:
                loss += self._apart(truth, counts, y_pred, *((0.5, 0.5) if term == "dice" else (self.alpha, self.beta)))
        return loss

    def _mean(self, each: Any, truth: Any, counts: Any) -> Any:
        """Return the mean of what each pixel costs."""
        weights = counts
        if self.balanced:
            sizes = ops.sum(truth, (0, 1, 2))
            # A class without a pixel has no pixel to weigh.
            weights = ops.sum(truth / ops.maximum(sizes, 1.0), -1)
        elif self.weights is not None:
            weights = ops.sum(truth * self._by_class(truth), -1)
        return ops.sum(each * weights) / ops.maximum(ops.sum(weights), _LITTLE)

    def _apart(self, truth: Any, counts: Any, y_pred: Any, alpha: float, beta: float) -> Any:
        """Return 1 - Tversky's index, which is Dice's for two halves."""
        said = y_pred * ops.expand_dims(counts, -1)
        sizes = ops.sum(truth, (0, 1, 2))
        there = ops.cast(sizes > 0, y_pred.dtype)
        if self.weights is not None:
            there = there * self._by_class(truth)
        both = ops.sum(truth * said, (0, 1, 2))
        wrong = alpha * (ops.sum(said, (0, 1, 2)) - both) + beta * (sizes - both)
        alike = both / ops.maximum(both + wrong, _LITTLE)
        return ops.sum(there * (1 - alike)) / ops.maximum(ops.sum(there), _LITTLE)

    def _by_class(self, truth: Any) -> Any:
        return ops.convert_to_tensor(self.weights, truth.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        own = ("kind", "ignore", "balanced", "weights", "gamma", "alpha", "beta")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
