"""Losses, a metric and the training model for vectors of length 1, in Keras. A saved model holds none of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras  # noqa: TID253 - this module is imported inside methods only
from keras import ops  # noqa: TID253

_LITTLE = 1e-7
_BINS = 2000
_MEMORY = 1024


@keras.saving.register_keras_serializable(package="metric")
class ArcfaceLoss(keras.losses.Loss):
    """Cross-entropy of cosines, the angle to the right class larger by a margin (Deng et al. 2019).

    Where the angle with the margin would be more than a half turn, the cosine is lowered by margin * sin(margin) in its
    place, as in the authors' code, so that it never rises with the angle. Of mixed samples each class has its share of
    the margin. Shapes: `(n, classes), (n, classes) -> (n,)`.
    """

    def __init__(self, margin: float = 0.5, scale: float = 64.0, name: str = "arcface", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.margin, self.scale = margin, scale

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element; 0 where no class has a share."""
        cosine = ops.clip(y_pred, -1.0, 1.0)
        sine = ops.sqrt(ops.maximum(1 - cosine * cosine, _LITTLE))
        held_off = ops.where(
            cosine > -math.cos(self.margin),
            cosine * math.cos(self.margin) - sine * math.sin(self.margin),
            cosine - self.margin * math.sin(self.margin),
        )
        logits = self.scale * (cosine + y_true * (held_off - cosine))
        return -ops.sum(y_true * ops.log_softmax(logits), -1)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        return {**super().get_config(), "margin": self.margin, "scale": self.scale}


@keras.saving.register_keras_serializable(package="metric")
class TripletLoss(keras.losses.Loss):
    """How much nearer than by a margin the nearest of another class is than the farthest of one's own (Hermans 2017).

    Of mixed samples the class with the largest share counts. Shapes: `(n, classes), (n, length) -> (n,)`.
    """

    def __init__(self, margin: float | None = 0.2, name: str = "triplet", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.margin = margin

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each element, such that the mean is over those with a partner of either sort."""
        classes = ops.argmax(y_true, -1)
        same = ops.equal(classes[:, None], classes[None, :])
        # The root has no gradient at 0, where equal vectors are, and an element and itself.
        square = ops.maximum(2 - 2 * ops.matmul(y_pred, ops.transpose(y_pred)), _LITTLE)
        apart = ops.sqrt(square)
        itself = ops.eye(ops.shape(y_pred)[0], dtype="bool")
        partner, other = ops.logical_and(same, ops.logical_not(itself)), ops.logical_not(same)
        far = ops.max(ops.where(partner, apart, 0.0), 1)
        near = ops.min(ops.where(other, apart, 4.0), 1)
        counts = ops.cast(ops.logical_and(ops.any(partner, 1), ops.any(other, 1)), y_pred.dtype)
        loss = ops.softplus(far - near) if self.margin is None else ops.relu(self.margin + far - near)
        whole = ops.cast(ops.shape(y_pred)[0], y_pred.dtype)
        return loss * counts * whole / ops.maximum(ops.sum(counts), 1.0)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal loss."""
        return {**super().get_config(), "margin": self.margin}


class Directed(keras.Model):
    """A model whose loss sees the cosines of its vectors with a direction of each class, trained beside it."""

    def direct(self, classes: Sequence[int], unseen: Any = None) -> None:
        """Make a direction for each of these classes. `unseen` is the loss of vectors in validation, where that has
        classes without a direction."""
        self.classes, self.unseen = list(classes), unseen
        # A model is made anew several times in a training, as often as the machine's speed asks: from the global
        # generator each would begin elsewhere.
        begin = keras.initializers.RandomNormal(seed=1)
        self.directions = keras.layers.Dense(
            len(self.classes), use_bias=False, kernel_initializer=begin, dtype="float32", name="directions"
        )
        self.directions.build((None, self.output.shape[-1]))

    def cosines(self, vectors: Any) -> Any:
        """Return the cosines of vectors with the directions `(n, classes)`."""
        return ops.matmul(vectors, ops.normalize(self.directions.kernel, axis=0))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Return the loss of the cosines, or in validation that of the vectors where classes have no direction."""
        if not training and self.unseen is not None:
            return self.unseen(y, y_pred)
        shares = ops.take(y, self.classes, axis=1)
        return super().compute_loss(x, shares, self.cosines(y_pred), sample_weight, training)


@keras.saving.register_keras_serializable(package="metric")
class EqualErrorRate(keras.metrics.Metric):
    """The share of same pairs refused and of different pairs accepted, at the cosine where both are equal.

    Pairs are those of samples that are at most `memory` apart, or in one batch: of a split up to that size all. Cosines
    are told apart to a thousandth. It is 0.5, that of guessing, where there is no pair of either sort. In training the
    network moves on between the samples of a pair, so that the figure is too high while it learns fast.
    """

    def __init__(self, length: int, memory: int = _MEMORY, name: str = "equal_error_rate", **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.length, self.memory = length, memory
        self.vectors = self.add_variable((memory, length), "zeros", name="vectors")
        self.classes = self.add_variable((memory,), "zeros", dtype="int32", name="classes")
        self.seen = self.add_variable((), "zeros", dtype="int32", name="seen")
        self.pairs = self.add_variable((2, _BINS), "zeros", name="pairs")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the pairs of a batch with one another and with the samples before it."""
        vectors = ops.stop_gradient(ops.cast(ops.convert_to_tensor(y_pred), "float32"))
        classes = ops.cast(ops.argmax(y_true, -1), "int32")
        n = ops.shape(vectors)[0]
        numbers = ops.arange(n, dtype="int32")
        slots = ops.arange(self.memory, dtype="int32")
        earlier = ops.broadcast_to((slots < self.seen)[None, :], (n, self.memory))
        counted = ops.concatenate([earlier, numbers[None, :] < numbers[:, None]], 1)
        others = ops.concatenate([ops.convert_to_tensor(self.vectors), vectors], 0)
        theirs = ops.concatenate([ops.convert_to_tensor(self.classes), classes], 0)
        cosine = ops.matmul(vectors, ops.transpose(others))
        place = ops.cast(ops.clip((cosine + 1) / 2 * _BINS, 0, _BINS - 1), "int32")
        same = ops.cast(ops.equal(classes[:, None], theirs[None, :]), "int32")
        place = ops.where(counted, place + _BINS * same, 2 * _BINS)
        found = ops.segment_sum(
            ops.ones_like(ops.reshape(cosine, (-1,))), ops.reshape(place, (-1,)), num_segments=2 * _BINS + 1
        )
        self.pairs.assign(self.pairs + ops.reshape(found[:-1], (2, _BINS)))
        # Of a batch that is larger than the memory the last ones are kept: each slot is written once.
        rows = (self.seen + numbers)[-self.memory :, None] % self.memory
        self.vectors.assign(ops.scatter_update(self.vectors, rows, vectors[-self.memory :]))
        self.classes.assign(ops.scatter_update(self.classes, rows, classes[-self.memory :]))
        self.seen.assign(self.seen + n)

    def result(self) -> Any:
        """Return the rate."""
        totals = ops.sum(self.pairs, 1, keepdims=True)
        # Accepted from each place on, and nothing at the end.
        from_here = ops.flip(ops.cumsum(ops.flip(self.pairs, 1), 1), 1) / ops.maximum(totals, 1.0)
        from_here = ops.concatenate([from_here, ops.zeros((2, 1))], 1)
        accepted, refused = from_here[0], 1 - from_here[1]
        best = ops.argmin(ops.abs(accepted - refused))
        rate = (ops.take(accepted, best) + ops.take(refused, best)) / 2
        return ops.where(ops.min(totals) > 0, rate, 0.5)

    def get_config(self) -> dict[str, Any]:
        """Return what makes an equal metric."""
        return {**super().get_config(), "length": self.length, "memory": self.memory}
