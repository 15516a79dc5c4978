"""Where the time of a training goes: a partition of it, a trace of that, and the backend's own trace of some steps.

A profile says of each stretch of time what went on in it, without gaps: the parts add up to the whole. TensorFlow takes
batches within a step; there, waiting for data is what passes between the beginning of a step and its batch being ready.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import keras

from kerascnn.engine.backend_trace import BackendTrace
from kerascnn.engine.progress import Progress
from kerascnn.errors import KerasCnnError
from kerascnn.runs.atomic import write_json, write_text

PARTS = {
    "setup": "making ready: stages, trials, callbacks",
    "first_step": "first steps, with compiling",
    "data": "waiting for data",
    "step": "training steps",
    "validation": "validation",
    "callbacks": "figures, checkpoints, callbacks",
    "profiler": "the profiler itself",
}
"""The parts of the time of a training, and what they are called."""
_SPANS = 100_000
"""Stretches of time that the trace has at the most: the first ones."""
_TRACED = (3, 13)
"""The backend's own profiler begins after three steps, when all is compiled, and ends after thirteen."""


class Profile:
    """The profile of one training, as a context; when it ends, `profile.json` and `profile/` are in the run folder."""

    def __init__(self, folder: Path, progress: Progress, clock: Callable[[], float] = time.perf_counter):
        self.folder, self.progress, self.clock = folder, progress, clock
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.steps = self.epochs = 0
        self._began = self._since = clock()
        self._spans: list[tuple[str, float, float]] = []
        self._ready: deque[float] = deque()
        """When the batches that no step has used yet were ready."""
        self._compiled: keras.Model | None = None
        """The model whose first step is behind it."""
        self._traced = 0
        """How often the backend's profiler was switched."""
        self._trace = BackendTrace(folder / "profile" / "backend")

    def batches(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield batches, and note when each is ready; a backend may ask for them in a thread of its own."""
        ready: deque[float] = deque()
        self._ready = ready
        for batch in batches:
            ready.append(self.clock())
            yield batch

    def around(self, callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
        """Return the callback between two that see when it begins and ends."""
        return [_Before(self), callback, _After(self)]

    def until(self, part: str, moment: float | None = None) -> None:
        """Note that this was what went on up to now, or up to a moment that is not before all that was noted."""
        moment = self.clock() if moment is None else max(moment, self._since)
        self.seconds[part] += moment - self._since
        if moment > self._since and len(self._spans) < _SPANS:
            self._spans.append((part, self._since, moment))
        self._since = moment

    def begin_step(self) -> None:
        """Note that a step begins, or several in one call; before two of them the backend's profiler is switched."""
        self.until("data")
        if self._traced == 0 and self.steps >= _TRACED[0]:
            self._trace.start()
        elif self._traced == 1 and self.steps >= _TRACED[1]:
            self._trace.stop()
        else:
            return
        self._traced += 1
        self.until("profiler")

    def end_step(self, model: keras.Model, steps: int = 1) -> None:
        """Note a step, or several in one call: waiting for batches, then the steps. A model's first ones are apart."""
        now = self.clock()
        ready = [self._ready.popleft() if self._ready else self._since for _ in range(steps)]
        self.steps += steps
        if model is not self._compiled:
            self._compiled = model
            self.until("first_step", now)
            return
        # From the moment at which a batch was ready, its step and all later ones were still to be done.
        each = min((now - max(moment, self._since)) / (steps - i) for i, moment in enumerate(ready))
        self.until("data", now - steps * max(0.0, each))
        self.until("step", now)

    def as_dict(self) -> dict[str, Any]:
        """Return the partition of the time so far as plain data: seconds and shares by part, and means of a step."""
        total = self._since - self._began
        return {
            "seconds": {part: round(seconds, 6) for part, seconds in self.seconds.items()},
            "shares": {part: round(seconds / total, 6) if total else 0.0 for part, seconds in self.seconds.items()},
            "total": round(total, 6),
            "steps": self.steps,
            "epochs": self.epochs,
        }

    def __enter__(self) -> Profile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.until("setup")
        self._trace.stop()
        self.until("profiler")
        try:
            (self.folder / "profile").mkdir(exist_ok=True)
            write_text(self.folder / "profile" / "trace.json", self._chrome())
            facts = {"trace": "profile/trace.json", "backend": self._trace.as_dict(self.folder)}
            write_json(self.folder / "profile.json", {**self.as_dict(), **facts})
        except (KerasCnnError, OSError) as failure:  # the training itself has not failed
            self.progress.note(f"the profile cannot be written: {failure}")
        if self._trace.failure:
            self.progress.note(f"no trace of the backend: {self._trace.failure}")

    def _chrome(self) -> str:
        """Return the stretches of time as `chrome://tracing` and ui.perfetto.dev show them."""
        rows = [
            f'{{"name":"{part}","cat":"training","ph":"X","pid":1,"tid":1,"ts":{(start - self._began) * 1e6:.1f},'
            f'"dur":{(end - start) * 1e6:.1f}}}'
            for part, start, end in self._spans
        ]
        return '{"displayTimeUnit":"ms","traceEvents":[\n' + ",\n".join(rows) + "\n]}\n"


def profile_rows(facts: Mapping[str, Any]) -> list[list[str]]:
    """Return the rows of a table: what, seconds, share in percent, the largest first; the sum is the last."""
    parts = sorted(facts["seconds"], key=lambda part: -facts["seconds"][part])
    rows = [
        [PARTS.get(part, part), f"{facts['seconds'][part]:.3f}", f"{100 * facts['shares'][part]:.1f}"]
        for part in parts
        if facts["seconds"][part] > 0
    ]
    return [*rows, ["all", f"{facts['total']:.3f}", "100.0"]]


class _Before(keras.callbacks.Callback):
    """Is told before the trainer's own callback."""

    def __init__(self, profile: Profile):
        super().__init__()
        self.profile = profile
        self._step = 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self.profile.until("setup")

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self._step = batch
        self.profile.begin_step()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self.profile.end_step(self.model, batch - self._step + 1)

    def on_test_begin(self, logs: Mapping[str, float] | None = None) -> None:
        self.profile.until("validation")

    def on_test_end(self, logs: Mapping[str, float] | None = None) -> None:
        self.profile.until("validation")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.profile.epochs += 1
        self.profile.until("step")


class _After(keras.callbacks.Callback):
    """Is told after the trainer's own callback."""

    def __init__(self, profile: Profile):
        super().__init__()
        self.profile = profile

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.profile.until("callbacks")

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        self.profile.until("callbacks")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        self.profile.until("callbacks")
