"""Progress on stderr: bars where it is a terminal, plain lines where it is not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kerascnn.cli.output import note, safe
from kerascnn.engine.progress import Progress


def make_progress(*, quiet: bool = False) -> Progress:
    """Return the progress that fits stderr."""
    if quiet:
        return Progress()
    return Bars() if sys.stderr.isatty() else Lines()


class Lines(Progress):
    """One line for each epoch."""

    def __init__(self) -> None:
        self._plan = (0, 0)
        self._stage_epoch = 0
        self._began = 0.0

    def note(self, text: str) -> None:
        """Print the sentence."""
        note(text)

    @contextmanager
    def count(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Print what goes on, once."""
        note(f"{what} ({total}) ...")
        yield lambda: None

    def stage(self, number: int, stages: int, epochs: int, steps: int) -> None:
        """Print the plan of the stage."""
        self._plan, self._stage_epoch, self._began = (epochs, steps), 0, time.monotonic()
        name = f"stage {number} of {stages}: " if stages > 1 else ""
        note(f"{name}{epochs} epochs of {steps} steps; compiling the training step ...")

    def epoch(self, epoch: int, figures: Mapping[str, float], *, kept: bool) -> None:
        """Print the figures and how long the rest of the stage will take at the most."""
        self._stage_epoch += 1
        each = (time.monotonic() - self._began) / self._stage_epoch
        left = each * (self._plan[0] - self._stage_epoch)
        eta = f"  {_minutes(left)} left" if self._stage_epoch < self._plan[0] else ""
        note(f"epoch {self._stage_epoch}/{self._plan[0]}  {say_figures(figures)}{'  best' if kept else ''}{eta}")


class Bars(Progress):
    """A bar for the stage, with the figures so far and the time that is left; a line above it for each epoch."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._rich: Any = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: Any = None
        self._epochs = 0
        self._stage_epoch = 0

    def note(self, text: str) -> None:
        """Print the sentence above the bar."""
        self._rich.console.print(safe(text), highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def count(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Show a bar for the work."""
        self._rich.start()
        task = self._rich.add_task(what, total=total, figures="")
        try:
            yield lambda: self._rich.advance(task)
        finally:
            self._rich.remove_task(task)
            self._rich.stop()

    def stage(self, number: int, stages: int, epochs: int, steps: int) -> None:
        """Show a new bar for the stage."""
        self.close()
        self._epochs, self._stage_epoch = epochs, 0
        name = f"stage {number}/{stages} " if stages > 1 else ""
        self._task = self._rich.add_task(f"{name}compiling", total=epochs * steps, figures="")
        self._rich.start()

    def step(self, epoch: int, step: int, figures: Mapping[str, float]) -> None:
        """Move the bar."""
        text = f"epoch {self._stage_epoch + 1}/{self._epochs}"
        self._rich.update(self._task, advance=1, description=text, figures=say_figures(figures))

    def epoch(self, epoch: int, figures: Mapping[str, float], *, kept: bool) -> None:
        """Print the figures above the bar, which shows the last step first."""
        self._rich.refresh()
        self._stage_epoch += 1
        self.note(f"epoch {self._stage_epoch}/{self._epochs}  {say_figures(figures)}{'  best' if kept else ''}")

    def close(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._rich.remove_task(self._task)
            self._task = None
        self._rich.stop()


def say_figures(figures: Mapping[str, float]) -> str:
    """Return figures in one line, the loss first.

    >>> say_figures({"accuracy": 0.98765, "loss": 0.1})
    'loss 0.1000  accuracy 0.9877'
    """
    order = sorted(figures, key=lambda name: (name.startswith("val_"), name.removeprefix("val_") != "loss", name))
    return "  ".join(f"{name} {figures[name]:.4f}" for name in order)


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
