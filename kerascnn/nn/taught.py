"""A model that learns from a teacher's answers besides the targets (Hinton et al. 2015, arXiv:1503.02531)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.distillation import LogitsDistillation

_LEAST = 1e-30
"""Probability below which the logarithm stands still: far below what a softmax of float32 is unsure of."""


class Taught(keras.Model):
    """A model whose training gets pairs as targets: those of the task, and the teacher's answers.

    Where targets are no pairs, as in validation, it is like any other model.
    """

    def learn_from(self, output: str, temperature: float, weight: float) -> None:
        """Say what the answers are, such as "classes", and with which temperature and share the teacher counts."""
        self.output_kind, self.temperature, self.weight = output, temperature, weight

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the task's loss, or in training its sum with the teacher's term; regularisation counts in full."""
        if not isinstance(y, tuple | list):
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        targets, taught = y
        task = super().compute_loss(x, targets, y_pred, sample_weight, training)
        term = teachers_term(self.output_kind, self.temperature, taught, y_pred)
        for own in self.losses:  # of layers, which `task` has as well, for its share of the devices
            term += ops.cast(self._aggregate_additional_loss(own), term.dtype)
        return (1 - self.weight) * task + self.weight * ops.cast(term, task.dtype)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the metrics of the task."""
        return super().compute_metrics(x, y[0] if isinstance(y, tuple | list) else y, y_pred, sample_weight)


def teachers_term(output: str, temperature: float, taught: Any, answer: Any) -> Any:
    """Return how far an answer is from the teacher's, one number for a batch.

    Probabilities are softened: those of classes, of each pixel, or of each class being there or not. Logits are only
    known up to a number that is the same for all classes, which softmax does not see.
    """
    if output == "values":
        return keras.losses.MeanSquaredError()(taught, answer)
    if output == "each_class":
        taught, answer = (ops.stack([found, 1 - found], -1) for found in (taught, answer))
    # Given by its name, the divergence would be taken without the temperature.
    loss = LogitsDistillation(temperature, keras.losses.KLDivergence())
    return loss.compute_loss(*(ops.log(ops.maximum(found, _LEAST)) for found in (taught, answer)))
