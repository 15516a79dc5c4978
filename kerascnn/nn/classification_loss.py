"""The loss of one class for each element: cross-entropy or focal, with weights of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerascnn.nn.focal import focal

_LITTLE = 1e-7


@keras.saving.register_keras_serializable(package="kerascnn")
class ClassificationLoss(keras.losses.Loss):
    """Compare probabilities `(n, classes)` with the shares of the classes in each element, one-hot or mixed.

    The loss of an element is the sum over the classes of share * weight * -(1 - p)**gamma log p (Lin et al. 2017,
    arXiv:1708.02002); gamma 0 is the cross-entropy. Shapes: `(n, classes), (n, classes) -> (n,)`.
    """

    def __init__(
        self,
        gamma: float = 0.0,
        weights: Sequence[float] | None = None,
        label_smoothing: float = 0.0,
        name: str = "classification_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`label_smoothing` is the share of each target that is spread over all classes, before they are weighed."""
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma, self.label_smoothing = gamma, label_smoothing
        self.weights = None if weights is None else list(weights)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element `(n,)`."""
        shares = y_true
        if self.label_smoothing:
            shares = shares * (1 - self.label_smoothing) + self.label_smoothing / y_pred.shape[-1]
        if self.weights is not None:
            shares = shares * ops.convert_to_tensor(self.weights, y_pred.dtype)
        if self.gamma:
            return ops.sum(shares * focal(y_pred, self.gamma), -1)
        if self.weights is None:
            return ops.categorical_crossentropy(shares, y_pred)
        # Keras goes back to the logits where it can, and its gradient is right for shares that sum to 1 alone.
        whole = ops.sum(shares, -1)
        return whole * ops.categorical_crossentropy(shares / ops.maximum(whole, _LITTLE)[:, None], y_pred)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        own = {"gamma": self.gamma, "weights": self.weights, "label_smoothing": self.label_smoothing}
        return {**super().get_config(), **own}
