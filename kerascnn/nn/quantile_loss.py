"""The quantile or pinball loss of numbers (Koenker, Bassett 1978)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerascnn")
class QuantileLoss(keras.losses.Loss):
    """Compare numbers `(n, values)`: what is missing counts `quantile` times, what is too much 1 - quantile times.

    The loss of an element is the mean over its numbers. Shapes: `(n, values), (n, values) -> (n,)`.
    """

    def __init__(
        self,
        quantile: float = 0.5,
        name: str = "quantile_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        """`quantile` is the share of the true numbers that the best answer is above, between 0 and 1."""
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.quantile = quantile

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element `(n,)`."""
        missing = y_true - y_pred
        return ops.mean(ops.maximum(self.quantile * missing, (self.quantile - 1) * missing), -1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        return {**super().get_config(), "quantile": self.quantile}
