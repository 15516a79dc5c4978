"""What a long piece of work says while it goes on. This one says nothing; the command line has one that shows bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class Progress:
    """The interface, silent."""

    def note(self, text: str) -> None:
        """Say a sentence."""

    @contextmanager
    def count(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Enter a piece of work of `total` equal parts; call what it gives once for each part done."""
        yield lambda: None

    def stage(self, number: int, stages: int, epochs: int, steps: int) -> None:
        """Say that a stage begins: its number from 1 on, its epochs and the steps in each."""

    def step(self, epoch: int, step: int, figures: Mapping[str, float]) -> None:
        """Say that a step is done: epoch and step from 1 on, and the figures of the epoch so far."""

    def epoch(self, epoch: int, figures: Mapping[str, float], *, kept: bool) -> None:
        """Say that an epoch is done, and whether its model is the best so far."""

    def close(self) -> None:
        """Say that nothing more will be said."""
