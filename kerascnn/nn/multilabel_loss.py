"""The loss of any number of classes for each element: binary cross-entropy or focal, with weights of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn.nn.focal import focal


@keras.saving.register_keras_serializable(package="kerascnn")
class MultilabelLoss(keras.losses.Loss):
    """Compare a probability for each class `(n, classes)` with how far the class is there, 0 to 1.

    The loss of an element is the mean over the classes of y * positive * f(p) + (1 - y) * negative * f(1 - p), where
    f(p) is -(1 - p)**gamma log p (Lin et al. 2017, arXiv:1708.02002); gamma 0 is the binary cross-entropy. Shapes:
    `(n, classes), (n, classes) -> (n,)`.
    """

    def __init__(
        self,
        gamma: float = 0.0,
        positive: Sequence[float] | None = None,
        negative: Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        name: str = "multilabel_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`positive` and `negative` weigh each class where it is there and where it is not; None is 1 for all.

        `label_smoothing` moves targets towards a half, by this share of the way, before they are weighed.
        """
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma, self.label_smoothing = gamma, label_smoothing
        self.positive = None if positive is None else list(positive)
        self.negative = None if negative is None else list(negative)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element `(n,)`."""
        there = y_true
        if self.label_smoothing:
            there = there * (1 - self.label_smoothing) + self.label_smoothing / 2
        gone = 1 - there
        if self.positive is not None:
            there = there * ops.convert_to_tensor(self.positive, y_pred.dtype)
        if self.negative is not None:
            gone = gone * ops.convert_to_tensor(self.negative, y_pred.dtype)
        if self.gamma:
            return ops.mean(there * focal(y_pred, self.gamma) + gone * focal(1 - y_pred, self.gamma), -1)
        # Keras goes back to the logits where it can; it takes targets from 0 to 1.
        whole = there + gone
        return ops.mean(whole * ops.binary_crossentropy(there / whole, y_pred), -1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        own = {"gamma": self.gamma, "positive": self.positive, "negative": self.negative}
        return {**super().get_config(), **own, "label_smoothing": self.label_smoothing}
