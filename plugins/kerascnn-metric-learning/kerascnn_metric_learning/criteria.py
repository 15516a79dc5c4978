"""What vectors are trained by: a kind of component of this plugin's own, and its two components."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError
from kerascnn.spec import Component, DataInfo, register, register_kind

if TYPE_CHECKING:
    from pathlib import Path


@register_kind
class Criterion(Component):
    """What draws vectors of one class together and those of different classes apart."""

    kind: ClassVar[str] = "criterion"

    @abstractmethod
    def loss(self, info: DataInfo) -> Any:
        """Return the Keras loss, between shares of the classes `(n, classes)` and vectors, or what `outer` makes of
        both."""

    def outer(self, inputs: Any, outputs: Any, info: DataInfo) -> Any:
        """Return the Keras model that trains, None for the usual one: that of `kerascnn.spec.Task.outer`."""
        return None

    def check_work(self, folder: Path) -> None:
        """Check, for `kerascnn plugins check`, that a few steps bring three classes apart. Raises AssertionError."""
        import keras
        import numpy as np

        rng = np.random.default_rng(0)
        classes = np.arange(24) % 3
        shown = (np.eye(3, 6)[classes] + rng.normal(0, 0.3, (24, 6))).astype("float32")
        info = DataInfo((6,), ("a", "b", "c"), {"train": dict.fromkeys("abc", 8)}, sizes={"train": 24})
        keras.utils.set_random_seed(0)
        inputs = keras.Input((6,))
        vectors = keras.layers.UnitNormalization()(keras.layers.Dense(4)(inputs))
        model = self.outer(inputs, vectors, info) or keras.Model(inputs, vectors)
        model.compile(keras.optimizers.Adam(0.02), self.loss(info))
        truth = np.eye(3, dtype="float32")[classes]
        losses = [float(np.asarray(model.train_on_batch(shown, truth))) for _ in range(40)]
        if not np.isfinite(losses).all():
            raise AssertionError(f"its loss is {losses[-1]} after {len(losses)} steps; keep it finite")
        if losses[-1] >= 0.9 * losses[0]:
            raise AssertionError(f"its loss is {losses[0]:g} at first and {losses[-1]:g} after {len(losses)} steps")
        found = model.predict_on_batch(shown)
        cosines, same = found @ found.T, classes[:, None] == classes
        if cosines[same].mean() <= cosines[~same].mean():
            raise AssertionError("what it trains puts vectors of one class no nearer than those of others")


@register("arcface")
class Arcface(Criterion):
    """Additive angular margin (Deng et al. 2019, arXiv:1801.07698): a softmax of cosines with a direction a class.

    The angle to the right one counts as if it were larger by the margin. The directions are trained beside the network
    and are no part of the saved model. Classes without a training sample have none: where the validation split has
    such classes, its loss is that of `metric.triplet`.
    """

    margin: float = Field(0.5, ge=0, le=1.5)
    """Angle in radians by which the right class is held off; 0.5 in the paper."""
    scale: float = Field(64.0, gt=0, le=1000)
    """Factor of the cosines before the softmax; 64 in the paper, for thousands of people. 16 is enough for 10 classes.
    """

    def loss(self, info: DataInfo) -> Any:
        """Return the loss of cosines. Raises DataError where training has fewer than two classes."""
        from kerascnn_metric_learning.nn import ArcfaceLoss

        if len(trained(info)) < 2:
            raise DataError("arcface needs samples of two classes or more to train on; hold back fewer of them")
        return ArcfaceLoss(self.margin, self.scale)

    def outer(self, inputs: Any, outputs: Any, info: DataInfo) -> Any:
        """Return a model that has a direction for each class of the training split."""
        from kerascnn_metric_learning.nn import Directed, TripletLoss

        model = Directed(inputs, outputs)
        known = trained(info)
        counts = info.counts.get("validation", {})
        unseen = any(counts.get(label) for i, label in enumerate(info.labels) if i not in known)
        model.direct(known, unseen=TripletLoss() if unseen else None)
        return model


@register("triplet")
class Triplet(Criterion):
    """Triplet loss with the hardest pairs of each batch (Hermans et al. 2017, arXiv:1703.07737).

    Each sample is compared with the farthest of its class and the nearest of another one, by the distances of vectors
    of length 1. A batch has to have several samples of a class: make it large, or the classes few. Samples without a
    partner in their batch count for nothing.
    """

    margin: float | None = Field(0.2, gt=0, le=2)
    """By how much farther the other class has to be; 0.2 in the paper. null is the paper's soft margin, log(1 +
    exp(x)), which never stops to pull."""

    def loss(self, info: DataInfo) -> Any:
        """Return the loss of vectors."""
        from kerascnn_metric_learning.nn import TripletLoss

        return TripletLoss(self.margin)


def trained(info: DataInfo) -> list[int]:
    """Return the numbers of the classes that have training samples; all, where nothing is known of samples."""
    counts = info.counts.get("train")
    return [i for i, label in enumerate(info.labels) if counts is None or counts.get(label)]
