"""What answers are judged by, besides a task: the loss that is minimised, and figures of a whole split."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from kerascnn.spec.component import Component
from kerascnn.spec.data import DataInfo

if TYPE_CHECKING:
    import numpy as np


class Loss(Component):
    """What training minimises in the place of the task's own loss."""

    kind: ClassVar[str] = "loss"
    folder: ClassVar[str] = "kerascnn.losses"
    outputs: ClassVar[frozenset[str]] = frozenset()
    """The answers of tasks that it is for, such as "classes"; none: all."""

    @abstractmethod
    def make(self, info: DataInfo) -> Any:
        """Return a Keras loss, which compares what `Task.targets` gives with the network's answers.

        Of a batch it is the mean over the samples, as it is for each by itself, so that parts of a batch can be told
        apart. Targets may be mixed: shares of classes. Raises DataError where it cannot be made for this data.
        """


class Metric(Component):
    """A figure of the answers on a whole split, beside those that the task reports."""

    kind: ClassVar[str] = "metric"
    folder: ClassVar[str] = "kerascnn.metrics"
    outputs: ClassVar[frozenset[str]] = frozenset()
    """The answers of tasks that it is for, such as "classes"; none: all."""
    better: ClassVar[str]
    """The better direction: "max" or "min"."""

    @abstractmethod
    def measure(self, truth: Any, answers: np.ndarray, info: DataInfo) -> float:
        """Return the figure; NaN where these samples do not tell it.

        `truth` and `answers` are what `Task.report` gets, such as class numbers `(n,)` and probabilities
        `(n, classes)`. It is measured on samples drawn again, too, for an interval, and changes nothing.
        """
