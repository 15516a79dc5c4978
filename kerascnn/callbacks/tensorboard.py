"""The curves of a training for TensorBoard."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from kerascnn.callbacks.events import EventFile, histo, read_events, scalar
from kerascnn.spec import Callback, Follower, Training, Weights, register
from kerascnn.spec.follower import figures_of


@register("tensorboard")
class TensorBoard(Callback):
    """Write the folder `tensorboard` into the run folder: curves of the training and the validation samples.

    It needs nothing but kerascnn; to look at them, `pip install kerascnn[tensorboard]` and `tensorboard --logdir runs`.
    After a resume each epoch stands there once.
    """

    histograms: int | None = Field(None, ge=1, le=100_000)
    """Epochs from one histogram of each weight to the next; left out: none."""

    def follow(self, training: Training) -> Follower:
        """Return a follower that writes event files."""
        return _Board(training.folder / "tensorboard", self.histograms)


class _Board(Follower):
    """Keeps one event file for each of two folders, so that TensorBoard draws both curves into one chart."""

    def __init__(self, folder: Path, every: int | None):
        self.folder, self.every = folder, every
        self._files: dict[str, EventFile] = {}

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write new files with what the old ones have of the epochs so far, and remove the old ones.

        An epoch that they lack, as a killed process may leave them, comes from its line.
        """
        self._files = {}
        for part in ("train", "validation"):
            folder = self.folder / part
            folder.mkdir(parents=True, exist_ok=True)
            old = sorted(folder.glob("events.out.tfevents.*"))
            # A file of a later process wins: of an epoch that it went back behind it has the figures that count.
            events = {step: data for file in old for step, data in read_events(file) if step <= len(lines)}
            new = EventFile(folder / f"events.out.tfevents.{_stamp(old)}.kerascnn", time.time())
            new.add_data(list(events.values()))
            self._files[part] = new
            for file in old:
                file.unlink()
            for line in lines:
                if line["epoch"] not in events:
                    self._add(part, line)

    def end_epoch(self, line: Mapping[str, Any], weights: Weights) -> None:
        """Add the figures of an epoch, and histograms where they are due."""
        more = []
        if self.every and (line["epoch"] - 1) % self.every == 0:
            more = [histo(name, values) for name, values in weights().items() if values.size]
        self._add("train", line, more)
        self._add("validation", line)

    def _add(self, part: str, line: Mapping[str, Any], more: Sequence[bytes] = ()) -> None:
        held = part == "validation"
        figures = {name: value for name, value in figures_of(line).items() if name.startswith("val_") == held}
        values = [*(scalar(name.removeprefix("val_"), value) for name, value in figures.items()), *more]
        if values:
            self._files[part].add(time.time(), int(line["epoch"]), values)


def _stamp(old: Sequence[Path]) -> str:
    """Return the part of a file's name by which TensorBoard puts files in order: seconds, and more than any before."""
    last = max((int(file.name.split(".")[3]) for file in old if file.name.split(".")[3].isdecimal()), default=-1)
    return f"{max(int(time.time()), last + 1):010d}"
