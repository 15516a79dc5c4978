"""The Poly-1 loss of one class for each element (Leng et al. 2022, arXiv:2204.12511)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
class PolyLoss(keras.losses.Loss):
    """Compare probabilities `(n, classes)` with the shares of the classes in each element, one-hot or mixed.

    The loss of an element is its cross-entropy and `epsilon` times the sum over the classes of share * (1 - p): the
    first term of the cross-entropy's series in 1 - p counts 1 + epsilon times. Shapes: `(n, classes), (n, classes) ->
    (n,)`.
    """

    def __init__(
        self,
        epsilon: float = 1.0,
        label_smoothing: float = 0.0,
        name: str = "poly_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`label_smoothing` is the share of each target that is spread over all classes, in both terms."""
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.epsilon, self.label_smoothing = epsilon, label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element `(n,)`."""
        shares = y_true
        if self.label_smoothing:
            shares = shares * (1 - self.label_smoothing) + self.label_smoothing / y_pred.shape[-1]
        return ops.categorical_crossentropy(shares, y_pred) + self.epsilon * ops.sum(shares * (1 - y_pred), -1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        return {**super().get_config(), "epsilon": self.epsilon, "label_smoothing": self.label_smoothing}
