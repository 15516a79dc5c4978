"""The margin loss of lengths."""

from __future__ import annotations

from typing import Any

from keras import losses, ops, saving  # noqa: TID253 - this module is imported inside methods alone


@saving.register_keras_serializable(package="capsule")
class MarginLoss(losses.Loss):
    """Let the capsule of the class that is there be longer than one margin, the others shorter than another.

    Shapes: `(n, classes), (n, classes) -> (n,)`, the sum over the classes of the squares of what is lacking.
    """

    def __init__(
        self,
        present: float = 0.9,
        absent: float = 0.1,
        absent_weight: float = 0.5,
        name: str = "margin_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.present, self.absent, self.absent_weight = present, absent, absent_weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element `(n,)`."""
        short = ops.square(ops.maximum(0.0, self.present - y_pred))
        long = ops.square(ops.maximum(0.0, y_pred - self.absent))
        return ops.sum(y_true * short + self.absent_weight * (1 - y_true) * long, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        own = {"present": self.present, "absent": self.absent, "absent_weight": self.absent_weight}
        return {**super().get_config(), **own}
