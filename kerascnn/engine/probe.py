"""How long a step takes, measured on the real one: whether XLA pays, and how many steps go into one call of Keras."""

from __future__ import annotations

import hashlib
import json
import math
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerascnn.engine.devices import backend, environment, gpus
from kerascnn.engine.faults import device_is_full
from kerascnn.engine.feed import fed
from kerascnn.engine.phase import Phase
from kerascnn.engine.position import put_arrays, take_arrays, variables_of
from kerascnn.engine.progress import Progress
from kerascnn.engine.stream import Prefetch
from kerascnn.errors import KerasCnnError, ResourceError
from kerascnn.places import cache_folder
from kerascnn.runs.atomic import write_json
from kerascnn.spec import DataInfo, Spec

_STEPS, _LEAST, _WARM = 20, 5, 2
"""Steps that are measured, the fewest that say anything, and those before them."""
_SHARE = 50
"""Training takes at least this many times as long as a measurement."""
_GAIN = 0.95
"""What is this much faster or more is taken."""
_COMPILE = 3
"""XLA compiles this many times as long as a step without it takes to be made, as a rule."""
_SHORT, _WORK, _TOGETHER = 0.005, 0.02, 32
"""Seconds of a step under which several go into one call, how much work that is, and how many they are at the most."""
_CALL = 0.0007
"""Seconds that Keras spends on a call beyond the step (TensorFlow on a quiet machine)."""

Make = Callable[[bool, int], keras.Model]
"""Makes a compiled model: with XLA or not, with this many steps in a call."""


@dataclass(frozen=True)
class Timing:
    """What a measurement found."""

    seconds: float
    """Of one step, at the median."""
    first: float
    """Seconds until the first call was done: most of it is making the program."""
    asked: int | None = None
    """The exit code of a stop that was asked for meanwhile."""


class _Clock(keras.callbacks.Callback):
    def __init__(self, stop: Callable[[], int | None]):
        super().__init__()
        self.stop = stop
        self.asked: int | None = None
        self.times = [time.perf_counter()]

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self.times.append(time.perf_counter())
        self.asked = self.stop()
        if self.asked is not None:
            self.model.stop_training = True


def measure(
    model: keras.Model, phase: Phase, calls: int, *, together: int = 1, stop: Callable[[], int | None] = lambda: None
) -> Timing:
    """Train for some calls of a few steps each, on the stage's own batches, and return how long they took.

    Weights, optimizer and random generators are put back to the bit, whatever happens.
    """
    groups = _state(model)
    kept = take_arrays(groups)
    clock = _Clock(stop)
    batches = Prefetch(phase.stream, 0)
    try:
        model.fit(
            fed(batches, phase.stream),
            steps_per_epoch=(calls + _WARM) * together,
            callbacks=[clock],
            verbose=0,
            shuffle=False,
        )
    except Exception:
        if batches.failure:
            raise batches.failure from None
        raise
    finally:
        batches.close()
        put_arrays(groups, kept)
    times = np.diff(clock.times).tolist()
    return Timing(statistics.median(times[_WARM:] or times) / together, times[0], clock.asked)


class Pacer:
    """Chooses for each stage how its steps are done: with XLA or not, and how many in one call."""

    def __init__(
        self,
        spec: Spec,
        info: DataInfo,
        rule: Mapping[str, Any],
        progress: Progress,
        stop: Callable[[], int | None],
        tell: Callable[[dict[str, Any]], None] = lambda pace: None,
    ):
        self.spec, self.info, self.rule, self.progress, self.stop = spec, info, rule, progress, stop
        self.tell = tell
        self._asked: int | None = None

    def choose(self, phase: Phase, make: Make, model: keras.Model) -> tuple[keras.Model, dict[str, Any], int | None]:
        """Return the model to train with, what was chosen and why, and the exit code of a stop that was asked for.

        `model` stands at the beginning of the stage and is made without XLA and one step in a call, or by the rule
        where it is not measured; so does the one that is returned. Where a stop was asked for nothing is chosen.
        """
        self._asked = None
        model, pace = self._chosen(phase, make, model)
        if self._asked is not None:
            return model, {}, self._asked
        self.tell(pace)
        return model, pace, None

    def _chosen(self, phase: Phase, make: Make, model: keras.Model) -> tuple[keras.Model, dict[str, Any]]:
        total = phase.steps * phase.stage.epochs
        calls = min(_STEPS, total // _SHARE)
        if backend() != "tensorflow":
            return model, _pace(self.rule, 1, f"{backend()} gains nothing by several steps in a call")
        if calls < _LEAST:
            return model, _pace(self.rule, 1, f"{total} steps are too few to measure one")
        xla: Mapping[str, Any] = self.rule
        timing: Timing | None = None
        if self.rule["asked"] == "auto":
            model, xla, timing = self._choose_xla(phase, make, model, total, calls)
        elif bool(xla["used"]) != bool(model.jit_compile):
            model = _like(model, make(bool(xla["used"]), 1))
        pace: dict[str, Any] = {"xla": dict(xla)}
        if self._asked is None:
            model, pace["steps_per_execution"] = self._choose_together(phase, make, model, xla, timing, total, calls)
        return model, pace

    def _choose_xla(
        self, phase: Phase, make: Make, model: keras.Model, total: int, calls: int
    ) -> tuple[keras.Model, dict[str, Any], Timing | None]:
        """Return the faster model, the verdict, and its timing where it was measured."""
        file = cache_folder() / "xla" / f"{self._key(phase)}.json"
        verdict = _read(file)
        if verdict is not None:
            used = bool(verdict["used"])
            if used != bool(model.jit_compile):
                model = _like(model, make(used, 1))
            return model, {"asked": "auto", **verdict, "cached": True}, None
        without = model if not model.jit_compile else _like(model, make(False, 1))
        off = self._measure(without, phase, calls)
        seconds: dict[str, float | None] = {"on": None, "off": round(off.seconds, 6)}
        cost = _COMPILE * off.first + 2 * calls * off.seconds
        if not gpus() and cost * _SHARE > total * off.seconds:
            why = "TensorFlow on a CPU loses by it as a rule; to measure would take more than 2 % of the training"
            return without, {"asked": "auto", "used": False, "why": why, "seconds_per_step": seconds}, off
        if self._asked is not None:
            return without, dict(self.rule), off
        self.progress.note("measuring what XLA gains: it compiles the training step first")
        with_xla, on, failure = self._try(model if model.jit_compile else _like(without, make(True, 1)), phase, calls)
        if self._asked is not None:
            return without, dict(self.rule), off
        used = on is not None and on.seconds < _GAIN * off.seconds
        if on is None:
            why = f"XLA cannot compile this network's step: {failure}"
        else:
            seconds["on"] = round(on.seconds, 6)
            why = f"measured: {1000 * on.seconds:.3g} ms a step with it, {1000 * off.seconds:.3g} ms without"
        verdict = {"used": used, "why": why, "seconds_per_step": seconds}
        _keep(file, verdict)
        chosen = (with_xla, on) if used else (without, off)
        return chosen[0], {"asked": "auto", **verdict, "cached": False}, chosen[1]

    def _try(self, model: keras.Model, phase: Phase, calls: int) -> tuple[keras.Model, Timing | None, str]:
        """Measure a model that the backend may not be able to compile; return why it was not, too."""
        if not model.jit_compile:  # Keras turned it off
            return model, None, "a layer does not allow it"
        try:
            return model, self._measure(model, phase, calls), ""
        except KerasCnnError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever XLA makes of a network
            why = "out of memory" if device_is_full(error) else str(error).strip().split("\n")[0][:200]
            return model, None, why or type(error).__name__

    def _choose_together(
        self,
        phase: Phase,
        make: Make,
        model: keras.Model,
        xla: Mapping[str, Any],
        timing: Timing | None,
        total: int,
        calls: int,
    ) -> tuple[keras.Model, dict[str, Any]]:
        """Return the model with as many steps in a call as pay, and how many these are."""
        one = timing or self._measure(model, phase, calls)
        found: dict[str, Any] = {"used": 1, "seconds_per_step": {"1": round(one.seconds, 6)}}
        steps = together(phase.steps, one.seconds)
        if steps == 1:
            short = one.seconds < _SHORT
            why = f"no number of steps divides the {phase.steps} of an epoch" if short else "a step takes long enough"
            return model, {**found, "why": why}
        if _CALL * (1 - 1 / steps) * total < 2 * one.first:
            return model, {**found, "why": "to make the step anew would take as long as it gains"}
        if self._asked is not None:
            return model, found
        several = _like(model, make(bool(xla["used"]), steps))
        many = self._measure(several, phase, max(_LEAST, calls // steps), together=steps)
        found["seconds_per_step"][str(steps)] = round(many.seconds, 6)
        why = (
            f"measured: {1000 * many.seconds:.3g} ms a step for {steps} in a call, {1000 * one.seconds:.3g} ms for one"
        )
        if many.seconds < _GAIN * one.seconds:
            return several, {**found, "used": steps, "why": why}
        return model, {**found, "why": why}

    def _measure(self, model: keras.Model, phase: Phase, calls: int, *, together: int = 1) -> Timing:
        found = measure(model, phase, calls, together=together, stop=self.stop)
        self._asked = self._asked if found.asked is None else found.asked
        return found

    def _key(self, phase: Phase) -> str:
        """Return a hash of all that the time of a step depends on."""
        here, stage = environment(), phase.stage
        facts = {
            "model": self.spec.model.model_dump(mode="json"),
            "task": self.spec.task.spell(),
            "shapes": [list(self.info.shape), len(self.info.labels)],
            "stage": stage.model_dump(mode="json", include={"freeze", "rates", "image_size", "accumulate", "methods"}),
            "optimizer": stage.optimizer.spell(),
            "batch_size": phase.stream.batch_size,
            "precision": keras.config.dtype_policy().name,
            "deterministic": self.spec.train.deterministic,
            "device": {name: here[name] for name in ("machine", "cpus", "threads", "gpus", "backend", "flags")},
            "versions": here["versions"],
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def together(steps: int, seconds: float) -> int:
    """Return how many steps of an epoch of `steps` go into one call, where one takes this many seconds.

    Keras does whole calls only: the number divides the epoch, or the last call would go on into the next.

    >>> together(64, 0.002), together(469, 0.002), together(67, 0.002), together(64, 0.1)
    (8, 7, 1, 1)
    """
    if seconds >= _SHORT:
        return 1
    most = min(_TOGETHER, steps, math.ceil(_WORK / max(seconds, 1e-6)))
    return max(number for number in range(1, most + 1) if steps % number == 0)


def _pace(xla: Mapping[str, Any], steps: int, why: str) -> dict[str, Any]:
    return {"xla": dict(xla), "steps_per_execution": {"used": steps, "why": why}}


def _state(model: keras.Model) -> dict[str, list[Any]]:
    return {name: found for name, found in variables_of(model).items() if name != "metrics"}


def _like(model: keras.Model, other: keras.Model) -> keras.Model:
    """Return the other model with what the first one holds; they have the same layers, and an optimizer each."""
    put_arrays(_state(other), take_arrays(_state(model)))
    return other


def _read(file: Any) -> dict[str, Any] | None:
    """Return a verdict that was kept; None where there is none that can be read."""
    try:
        found = json.loads(file.read_text("utf-8"))
        return {name: found[name] for name in ("used", "why", "seconds_per_step")}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(file: Any, verdict: Mapping[str, Any]) -> None:
    """Keep a verdict for the next training. It can be made again: where it cannot be kept, nothing is lost."""
    with suppress(OSError, ResourceError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, dict(verdict))
