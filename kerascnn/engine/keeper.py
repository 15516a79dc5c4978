"""What a training leaves in its run folder while it goes on: figures, the best model, and the way back."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine import processes
from kerascnn.engine.build import Built
from kerascnn.engine.distribute import as_on_one_device
from kerascnn.engine.phase import Phase
from kerascnn.engine.position import Position, take_arrays, variables_of
from kerascnn.runs.atomic import append_json_line, write_json_lines, write_with
from kerascnn.runs.checkpoints import Checkpoint, Checkpoints
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec

_COST = 20
"""A checkpoint is due when this many times as long as the last one took has gone by: a twentieth of the time."""
_LONG = 600.0
"""Seconds after which a checkpoint is written within an epoch."""
_ASKED = 10
"""Steps after which processes that train together ask each other whether one is due within an epoch."""


class Keeper:
    """Writes into the run folder of one training."""

    def __init__(self, run: RunFolder, spec: Spec, built: Built):
        self.run, self.spec = run, spec
        self.checkpoints = Checkpoints(run.path)
        self._best: list[np.ndarray] | None = None
        """The best weights; None where no epoch was finished, or where they stand in the file alone."""
        self._built = built
        self.line: dict[str, Any] = {}
        """What was written of the last epoch."""
        self._cost, self._written = 0.0, -math.inf

    def end_epoch(
        self,
        at: Position,
        phase: Phase,
        model: keras.Model,
        figures: Mapping[str, float],
        *,
        rate: float,
        seconds: float,
        finite: bool,
    ) -> bool | None:
        """Write down an epoch and keep its model where it is the best; `at` is still before it.

        Return whether it was, None where a weight or a figure is not finite: nothing is kept then.
        """
        with phase.companions.judged(model, phase.stream):
            weights = phase.built.model.get_weights() if finite else []
            sound = finite and all(np.isfinite(weight).all() for weight in weights)
            first = at.epochs == phase.companions.begins
            kept = sound and (first or self._is_better(figures[self.spec.train.monitor], at))
            if kept:
                at.best = (figures[self.spec.train.monitor], at.epoch + 1)
                self._best = weights
                with as_on_one_device(phase.built.model):
                    file = self.run.path / "model.keras"
                    write_with(file, lambda path: keras.saving.save_model(phase.built.model, path))
        line: dict[str, Any] = {"epoch": at.epoch + 1, "stage": phase.number}
        # JSON has no NaN: a figure that is not finite is null there.
        line |= {name: value if math.isfinite(value) else None for name, value in figures.items()}
        line |= {"learning_rate": rate, "seconds": round(seconds, 3), "kept": kept}
        append_json_line(self.run.path / "metrics.jsonl", line)
        self.line = line
        return kept if sound else None

    def put_best(self, built: Built) -> None:
        """Give a model the best weights so far, where there are any."""
        best = self._best_weights()
        if best is not None:
            built.model.set_weights(best)

    def checkpoint(self, at: Position, seconds: float, model: keras.Model) -> None:
        """Write where the training stands. Raises ResourceError."""
        began = time.monotonic()
        groups = variables_of(model)
        if at.steps == 0:
            del groups["metrics"]  # Keras begins each epoch without
        state = {**at.spell(), "seconds": round(seconds, 3)}
        best = self.run.path / "model.keras" if at.best else None
        self.checkpoints.save(state, take_arrays(groups), best)
        self._written = time.monotonic()
        self._cost = self._written - began

    def checkpoint_if_due(self, at: Position, seconds: float, model: keras.Model) -> None:
        """Write a checkpoint at the end of an epoch, unless the last one is so young that it costs too much."""
        if processes.agreed(time.monotonic() - self._written >= _COST * self._cost):
            self.checkpoint(at, seconds, model)

    def checkpoint_if_long(self, at: Position, seconds: float, model: keras.Model) -> None:
        """Write a checkpoint within an epoch that lasts long."""
        if processes.count() > 1 and at.steps % _ASKED:
            return
        if processes.agreed(time.monotonic() - self._written >= max(_LONG, _COST * self._cost)):
            synchronize(model)
            self.checkpoint(at, seconds, model)

    def last(self) -> Checkpoint | None:
        """Return the last checkpoint that is whole."""
        return self.checkpoints.load()[0]

    def begin(self) -> None:
        """Remove what an earlier process left that has no checkpoint to go on from."""
        for name in ("metrics.jsonl", "model.keras"):
            (self.run.path / name).unlink(missing_ok=True)

    def go_to(self, at: Position, checkpoint: Checkpoint) -> None:
        """Make figures and the best model those of a checkpoint: what came after it will come again."""
        lines = self.run.metrics()
        if len(lines) != at.epoch:
            write_json_lines(self.run.path / "metrics.jsonl", lines[: at.epoch])
        model = self.run.path / "model.keras"
        best = checkpoint.best
        if best is None:
            model.unlink(missing_ok=True)
        else:
            write_with(model, lambda part: _copy(best, part))
        self._best = None

    def _best_weights(self) -> list[np.ndarray] | None:
        file = self.run.path / "model.keras"
        if self._best is None and file.is_file():
            self._best = keras.saving.load_model(file, compile=False).get_weights()
        return self._best

    def _is_better(self, value: float, at: Position) -> bool:
        name = self.spec.train.monitor.removeprefix("val_")
        upwards = self.spec.task.metrics.get(name, "min") == "max"
        return at.best is None or (value > at.best[0] if upwards else value < at.best[0])


def _copy(file: Path, target: Path) -> None:
    shutil.copyfile(file, target)


def synchronize(model: keras.Model) -> None:
    """Let the variables of a model hold what training has come to; with JAX they lag within an epoch."""
    getattr(model, "jax_state_sync", lambda: None)()
