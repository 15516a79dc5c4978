"""Progress in a file, beside what is said on stderr, for whoever looks at a training from another process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerascnn.engine.progress import Progress

_EVERY = 0.5
"""Seconds between two writings of steps; what happens more seldom is written at once."""


class Written(Progress):
    """Says what another progress says, and keeps the newest of it in a file.

    `{"doing", "done", "total", "stage", "stages", "epoch", "epochs", "step", "steps", "seconds_per_epoch", "time"}`;
    stages, epochs of the stage and steps count from 1, and `doing` is the last sentence.
    """

    def __init__(self, other: Progress, file: Path):
        self._other, self._file = other, file
        self._now: dict[str, Any] = {}
        self._written = 0.0
        self._began = self._epoch_began = time.monotonic()

    def note(self, text: str) -> None:
        """Pass the sentence on, and keep it."""
        self._other.note(text)
        self._keep(doing=text)

    @contextmanager
    def count(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """Pass on each part that is done, and keep how many are."""
        self._keep(doing=what, done=0, total=total)
        with self._other.count(what, total) as other:
            done = 0

            def step() -> None:
                nonlocal done
                done += 1
                other()
                self._keep(often=True, done=done)

            yield step
        self._keep(doing="", done=0, total=0)

    def stage(self, number: int, stages: int, epochs: int, steps: int) -> None:
        """Pass on the plan, and keep it."""
        self._other.stage(number, stages, epochs, steps)
        self._epoch_began = time.monotonic()
        self._keep(doing="", stage=number, stages=stages, epoch=0, epochs=epochs, step=0, steps=steps)

    def step(self, epoch: int, step: int, figures: Mapping[str, float]) -> None:
        """Pass on the step, and keep it about twice a second."""
        self._other.step(epoch, step, figures)
        self._keep(often=True, step=step)

    def epoch(self, epoch: int, figures: Mapping[str, float], *, kept: bool) -> None:
        """Pass on the epoch, and keep it with the time that it took."""
        self._other.epoch(epoch, figures, kept=kept)
        now = time.monotonic()
        took, self._epoch_began = now - self._epoch_began, now
        self._keep(doing="", epoch=self._now.get("epoch", 0) + 1, step=0, seconds_per_epoch=round(took, 3))

    def close(self) -> None:
        """Pass it on."""
        self._other.close()

    def _keep(self, *, often: bool = False, **values: Any) -> None:
        self._now.update(values)
        now = time.monotonic()
        if often and now - self._written < _EVERY:
            return
        self._written = now
        new = self._file.with_name(f"{self._file.name}.new")
        try:  # without a flush to the disk, which would cost more than it is worth
            new.write_text(json.dumps({**self._now, "time": time.time()}), "utf-8")
            os.replace(new, self._file)
        except OSError:
            pass  # a training does not end for want of this file
