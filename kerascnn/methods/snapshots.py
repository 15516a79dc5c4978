"""Snapshot ensembles (Huang et al. 2017, arXiv:1704.00109)."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError
from kerascnn.spec import Companion, JoinedStage, Method, register


@register("snapshots")
class Snapshots(Method):
    """Let the rate fall along half a cosine several times, and keep the network that each cycle ends with.

    It moves the learning rate, so the stage has no `schedule` of its own. The networks stand beside the best model of
    the run, as `snapshot_EPOCH.keras`; `kerascnn ensemble RUN --snapshots` makes one model of them.
    """

    excludes: ClassVar[frozenset[str]] = frozenset({"swa", "pruning"})

    cycles: int = Field(5, ge=2, le=1000)
    """Cycles of the rate, and networks that are kept; they should divide the stage's epochs."""

    def schedule(self) -> dict[str, Any]:
        """Return the schedule of the cycles."""
        return {"type": "cyclic_cosine", "cycles": self.cycles}

    def ends(self, epochs: int) -> list[int]:
        """Return the epochs, counted from 0, that are the last ones to end within a cycle.

        >>> Snapshots(cycles=3).ends(6), Snapshots(cycles=2).ends(5)
        ([1, 3, 5], [1, 4])
        """
        return [(cycle + 1) * epochs // self.cycles - 1 for cycle in range(self.cycles)]

    def check(self, stage: JoinedStage) -> None:
        """Compare the cycles with the epochs."""
        if stage.epochs < self.cycles:
            raise DataError(
                f"{stage.place}.cycles: {self.cycles} cycles in {stage.epochs} epochs; a cycle has at least one"
            )

    def join(self, stage: JoinedStage) -> Companion:
        """Return what says when a network is kept."""
        return _Keeping(self.ends(stage.epochs))


class _Keeping(Companion):
    def __init__(self, ends: list[int]):
        self.ends = ends
        self._done = 0

    def end_epoch(self, epoch: int) -> None:
        """Take down how far the stage is."""
        self._done = epoch + 1

    def keeps(self, epoch: int) -> bool:
        """Return whether a cycle ends with the epoch."""
        return epoch in self.ends

    def facts(self, kept: int) -> dict[str, Any]:
        """Return after which epochs of the stage networks were kept."""
        return {"snapshots": [end + 1 for end in self.ends if end < self._done]}
