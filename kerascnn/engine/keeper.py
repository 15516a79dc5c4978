"""What a training leaves in its run folder while it goes on: figures, the best model, and the way back."""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine import processes
from kerascnn.engine.build import Built
from kerascnn.engine.distribute import as_on_one_device
from kerascnn.engine.phase import Phase
from kerascnn.engine.position import Position, take_arrays, variables_of
from kerascnn.errors import PluginError
from kerascnn.runs.atomic import append_json_line, write_json_lines, write_together
from kerascnn.runs.checkpoints import Checkpoint, Checkpoints
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec

_MODEL = "model"
_OUTER = "outer"
"""The group of a checkpoint's arrays that the outer model trained beside the best one."""
SNAPSHOT = "snapshot_"
"""What the names of networks begin with that are kept for good; the epoch follows."""
_SNAPSHOT = re.compile(rf"{SNAPSHOT}(\d+)\.keras")
_COST = 20
"""A checkpoint is due when this many times as long as the last one took has gone by: a twentieth of the time."""
_LONG = 600.0
"""Seconds after which a checkpoint is written within an epoch."""
_ASKED = 10
"""Steps after which processes that train together ask each other whether one is due within an epoch."""


def snapshots(run: RunFolder) -> dict[int, Path]:
    """Return the files of the networks that were kept for good, by their epochs of the whole training."""
    found = ((_SNAPSHOT.fullmatch(file.name), file) for file in run.path.glob(f"{SNAPSHOT}*.keras"))
    return dict(sorted((int(match[1]), file) for match, file in found if match))


class Keeper:
    """Writes into the run folder of one training."""

    def __init__(self, run: RunFolder, spec: Spec):
        self.run, self.spec = run, spec
        self.checkpoints = Checkpoints(run.path)
        self._best: list[np.ndarray] | None = None
        """The best weights; None where no epoch was finished, or where they stand in the file alone."""
        self._outer: list[np.ndarray] = []
        """What the outer model trained with the best one, and neither that nor a model beside it holds."""
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
            beside = self.beside(model)
            weights = phase.built.model.get_weights() if finite else []
            others = [weight for one in beside.values() for weight in one.get_weights()] if finite else []
            # Copies: JAX gives the memory of an array that training has used away.
            outer = [np.array(keras.ops.convert_to_numpy(v)) for v in _own_of(model, phase.built, beside)]
            sound = finite and all(np.isfinite(weight).all() for weight in [*weights, *others, *outer])
            first = at.epochs == phase.companions.begins
            kept = sound and (first or self._is_better(figures[self.spec.train.monitor], at))
            if kept:
                at.best = (figures[self.spec.train.monitor], at.epoch + 1)
                self._best, self._outer = weights, outer
            snapshot = {f"{SNAPSHOT}{at.epoch + 1}": phase.built.model} if phase.companions.keeps(at.epochs) else {}
            models = (snapshot if sound else {}) | (beside | {_MODEL: phase.built.model} if kept else {})
            self._write_models(models)
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

    def beside(self, model: keras.Model) -> dict[str, keras.Model]:
        """Return the models that the task wants kept with the best one. Raises PluginError for a name that is none."""
        found = dict(self.spec.task.beside(model))
        wrong = [name for name in found if not name.isidentifier() or name == _MODEL or name.startswith(SNAPSHOT)]
        if wrong:
            raise PluginError(
                f"the task '{self.spec.task.type_name}' names a model {wrong[0]!r} that is kept beside the best one; "
                f"a name is an identifier, not '{_MODEL}', and does not begin with '{SNAPSHOT}'"
            )
        return found

    def put_beside(self, model: keras.Model, built: Built) -> bool:
        """Give a new outer model what was kept of the last one with the best model so far, if there was one.

        Return False where weights that it alone trains have another form than they had: they stay as they are.
        """
        beside = self.beside(model)
        for name, one in beside.items():
            file = self._file(name)
            if file.is_file():
                one.set_weights(keras.saving.load_model(file, compile=False).get_weights())
        own = _own_of(model, built, beside)
        if self._outer and [tuple(v.shape) for v in own] != [array.shape for array in self._outer]:
            return False
        for variable, array in zip(own, self._outer, strict=False):  # none of them, before the first epoch
            variable.assign(array)
        return True

    def checkpoint(self, at: Position, seconds: float, model: keras.Model) -> None:
        """Write where the training stands. Raises ResourceError."""
        began = time.monotonic()
        groups = variables_of(model)
        if at.steps == 0:
            del groups["metrics"]  # Keras begins each epoch without
        state = {**at.spell(), "seconds": round(seconds, 3)}
        best = self._file(_MODEL) if at.best else None
        beside = {name: self._file(name) for name in self.beside(model)} if at.best else {}
        if at.best:
            beside |= {file.stem: file for file in snapshots(self.run).values()}
        self.checkpoints.save(state, take_arrays({**groups, _OUTER: self._outer}), best, beside)
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
        (self.run.path / "metrics.jsonl").unlink(missing_ok=True)
        self._outer = []
        self._remove_models()

    def go_to(self, at: Position, checkpoint: Checkpoint) -> dict[str, np.ndarray]:
        """Make figures and the best model those of a checkpoint: what came after it will come again.

        Return its arrays for the variables of training.
        """
        lines = self.run.metrics()
        if len(lines) != at.epoch:
            write_json_lines(self.run.path / "metrics.jsonl", lines[: at.epoch])
        best = checkpoint.best
        files = {} if best is None else {**checkpoint.beside, _MODEL: best}
        self._remove_models(but=files)
        if files:
            write_together({self._file(name): partial(_copy, file) for name, file in files.items()})
        self._best = None
        kept = {name: array for name, array in checkpoint.arrays.items() if name.startswith(f"{_OUTER}/")}
        self._outer = [kept[name] for name in sorted(kept)]
        return {name: array for name, array in checkpoint.arrays.items() if name not in kept}

    def _write_models(self, models: Mapping[str, keras.Model]) -> None:
        if not models:
            return
        with ExitStack() as inside:
            for model in models.values():
                inside.enter_context(as_on_one_device(model))
            write_together({self._file(name): partial(_save, model) for name, model in models.items()})

    def _remove_models(self, but: Collection[str] = ()) -> None:
        for file in self.run.path.glob("*.keras"):
            if file.stem.isidentifier() and file.stem not in but:
                file.unlink()

    def _file(self, name: str) -> Path:
        return self.run.path / f"{name}.keras"

    def _best_weights(self) -> list[np.ndarray] | None:
        file = self._file(_MODEL)
        if self._best is None and file.is_file():
            self._best = keras.saving.load_model(file, compile=False).get_weights()
        return self._best

    def _is_better(self, value: float, at: Position) -> bool:
        name = self.spec.train.monitor.removeprefix("val_")
        upwards = self.spec.task.metrics.get(name, "min") == "max"
        return at.best is None or (value > at.best[0] if upwards else value < at.best[0])


def _own_of(outer: keras.Model, built: Built, beside: Mapping[str, keras.Model]) -> list[Any]:
    """Return the weights of an outer model that are neither of the network nor of what is kept beside it."""
    held = {id(weight) for model in (built.model, *beside.values()) for weight in model.weights}
    return [weight for weight in outer.weights if id(weight) not in held]


def _save(model: keras.Model, target: Path) -> None:
    keras.saving.save_model(model, target)


def _copy(file: Path, target: Path) -> None:
    shutil.copyfile(file, target)


def synchronize(model: keras.Model) -> None:
    """Let the variables of a model hold what training has come to; with JAX they lag within an epoch."""
    getattr(model, "jax_state_sync", lambda: None)()
