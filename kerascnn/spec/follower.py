"""What follows a training, and what it gets to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Weights = Callable[[], Mapping[str, "np.ndarray"]]
"""Gives the weights of a network by name, when they are wanted: to fetch them takes time."""


@dataclass(frozen=True)
class Training:
    """The training that is followed."""

    folder: Path
    """The run folder."""
    run: str
    """The run's id: the same after a resume."""
    name: str
    """The spec's name."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The spec as plain data, with every default filled in."""


class Follower:
    """Follows one training in one process. What it raises is said once, and training goes on without it.

    A line is what `metrics.jsonl` has of an epoch: `epoch` (from 1 on, over all stages), `stage` (from 0 on), the loss
    and the metrics (None where one is not finite), `learning_rate`, `seconds`, `kept`.
    """

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Begin behind these epochs: none in a new training, some after a resume or after going back.

        Later ones that it was told of come again, with the same figures or, after going back, with others.
        """

    def end_epoch(self, line: Mapping[str, Any], weights: Weights) -> None:
        """Take what an epoch came to; its line stands in `metrics.jsonl` already."""

    def end(self, state: str) -> None:
        """Take that this process is through: the run is "done", "stopped", "failed" or "diverged".

        All but the first may be resumed; another follower begins then.
        """


def figures_of(line: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a line that make curves: losses, metrics, the rate; those that are not finite left out."""
    return {
        name: float(value)
        for name, value in line.items()
        if name not in ("epoch", "stage", "kept") and value is not None
    }
