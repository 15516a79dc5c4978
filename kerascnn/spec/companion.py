"""What goes along with one stage of a training, and what it gets to know of it.

It has no state of its own: what it holds is a function of the stage, of the number of epochs that are done, and of
variables that it adds to the optimizer, which are in every checkpoint. So a training that is resumed ends on the same
bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Batch = Callable[[int], Any]
"""Gives the elements of a training step of the stage, as the network gets them."""


@dataclass(frozen=True)
class Trained:
    """The model of another run."""

    path: str
    """The folder of the run."""
    output: str
    """What it answers with, such as "classes"."""
    labels: Sequence[str]
    input: Mapping[str, Any]
    """The form of the elements that it takes, as plain data."""
    load: Callable[[], Any]
    """Returns the Keras model. Raises KerasCnnError."""

    answering: Callable[[], Callable[[Any], Any]]
    """Returns a function that gives the answers to a batch, a float32 array, as `Companion.targets` needs them. It may
    be called from any thread, and gives the whole batch's whatever devices and processes train together; Keras's own
    `predict_on_batch` would share the batch among them. Raises KerasCnnError."""


@dataclass(frozen=True)
class JoinedStage:
    """A stage that something goes along with."""

    number: int
    epochs: int
    output: str
    """What the task wants to be answered with, such as "classes"."""
    labels: Sequence[str]
    input: Mapping[str, Any]
    """The form of the elements, as plain data."""
    open_run: Callable[[str], Trained]
    """Gives the model of another run. Raises DataError where there is none."""
    network: Any = None
    """The Keras model as the stage trains it; None while methods are only checked."""
    names: Mapping[int, str] | None = None
    """By `id`, what its weights are called: the same each time that it is built."""
    place: str = ""
    """Where in the spec the method stands."""


class Companion:
    """Goes along with one stage. Each of these does nothing, unless it is overridden.

    Epochs are those of the stage, counted from 0. A stage may be trained by one outer model after another, with an
    optimizer each; all have the same layers.
    """

    begins: int | None = None
    """The epoch from which on models are what the method is for. At its end the best model so far is forgotten,
    whatever its figure was, and patience counts from there. None where there is no such epoch."""

    def outer(self, inputs: Any, outputs: Any) -> Any:
        """Return a Keras model from inputs to outputs that trains in a way of its own, None for the usual one."""
        return None

    def targets(self, elements: Any, targets: Any) -> Any:
        """Return what the outer model gets as the targets of a batch: a pure function of the batch.

        It is called in the thread that makes batches.
        """
        return targets

    def equip(self, optimizer: Any) -> None:
        """Add variables to an optimizer of the stage, which is built: the same ones to each."""

    def begin_epoch(self, epoch: int) -> None:
        """Change weights, or variables of the optimizer, before the first step of an epoch."""

    def end_epoch(self, epoch: int) -> None:
        """Change variables of the optimizer after the last step of an epoch, before its model is judged."""

    @contextmanager
    def judged(self, batch: Batch, steps: int) -> Iterator[None]:
        """Let the network have inside what is to be judged and kept of the epoch, and its own weights afterwards.

        `batch` gives the elements of any step of the stage, `steps` is the number of them in an epoch.
        """
        yield

    def keeps(self, epoch: int) -> bool:
        """Return whether the network of an epoch, as it is judged, is kept for good beside the best one.

        A function of the epoch alone. It is kept as `snapshot_N.keras`, N being the epoch of the whole training.
        """
        return False

    def leave(self) -> None:
        """Leave the network as it was found, when the stage is over."""

    def facts(self, kept: int) -> dict[str, Any]:
        """Return what `effective.json` says. The network has the weights that are kept.

        They are those after `kept` epochs of the stage; 0 where they are of a stage before.
        """
        return {}


def at_fraction(fraction: float, epochs: int) -> int:
    """Return the epoch, counted from 0, at which this fraction of the epochs is done.

    >>> at_fraction(0.29, 100), at_fraction(1.0, 10)
    (29, 9)
    """
    # 0.29 * 100 is a little less than 29.
    return min(epochs - 1, int(fraction * epochs + 1e-9))
