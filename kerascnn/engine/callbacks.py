"""The callbacks of a training, kept apart from it: none can change it, and one that fails is left out with a note."""

from __future__ import annotations

import importlib.util
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any

import keras
import numpy as np

from kerascnn.engine.progress import Progress
from kerascnn.errors import BuildError, DivergedError, StoppedError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Callback, Follower, Spec, Training


class Callbacks:
    """The callbacks of one training, as a context: its end tells them how the training ended."""

    def __init__(self, spec: Spec, run: RunFolder, progress: Progress, *, going_on: bool = False):
        """Look whether all can work here. Raises BuildError where a package is missing; a resume goes on without."""
        self.run, self.progress = run, progress
        self._training = Training(run.path, run.id, spec.name, spec.spell())
        self._left: dict[str, Callback] = {}
        self._followers: dict[str, Follower] = {}
        for number, callback in enumerate(spec.train.callbacks):
            lacking = _lacking(callback)
            if lacking and not going_on:
                raise BuildError(lacking, f"train.callbacks.{number}")
            if lacking:
                self._say(f"{callback.type_name} {lacking}; training goes on without it")
            else:
                self._left[callback.type_name] = callback

    def begin(self) -> None:
        """Let them begin behind the epochs that `metrics.jsonl` has: at first, and when training has gone back."""
        if not self._left:
            return
        lines = self.run.metrics()

        def begin(name: str) -> None:
            if name not in self._followers:
                self._followers[name] = self._left[name].follow(self._training)
            self._followers[name].begin(lines)

        self._each(self._left, "cannot begin", begin)

    def end_epoch(self, line: Mapping[str, Any], model: keras.Model) -> None:
        """Tell them what an epoch came to. Its line stands in `metrics.jsonl`, no checkpoint was written since."""

        def tell(name: str) -> None:
            self._followers[name].end_epoch(dict(line), lambda: weights_by_name(model))

        self._each(self._followers, "failed", tell)

    def end(self, state: str) -> None:
        """Tell them how the training ended."""
        self._each(self._followers, "failed at the end", lambda name: self._followers[name].end(state))
        self._left, self._followers = {}, {}

    def __enter__(self) -> Callbacks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.end(_state(error))

    def _each(self, names: Iterable[str], what: str, call: Callable[[str], None]) -> None:
        for name in list(names):
            states = random.getstate(), np.random.get_state()
            try:
                call(name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, training goes on
                del self._left[name]
                self._followers.pop(name, None)
                text = " ".join(str(error).split())[:500]
                said = f"{type(error).__name__}: {text}" if text else type(error).__name__
                self._say(f"train.callbacks: {name} {what} ({said}); training goes on without it")
            finally:
                # A network that is built for a later stage draws seeds from these.
                random.setstate(states[0])
                np.random.set_state(states[1])

    def _say(self, text: str) -> None:
        self.progress.note(text)
        self.run.log(text)


def weights_by_name(model: keras.Model) -> dict[str, np.ndarray]:
    """Return the weights of a network by names that are the same each time it is built: `backbone/conv2d_1/kernel`."""
    # A copy: what it is given, a callback may keep and change.
    return {name: np.array(keras.ops.convert_to_numpy(weight)) for name, weight in named(model)}


def named(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Yield the weights of a network, each once, with those names."""
    yield from _named(model, "", set())


def _named(model: keras.Model, above: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Yield each weight once. The numbers that Keras gives to layers without a name begin anew in each model."""
    counts: Counter[str] = Counter()
    for layer in model.layers:
        name = layer.name
        kind = re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)).lower()
        if re.fullmatch(rf"{kind}(_\d+)?", name):
            name = f"{kind}_{counts[kind]}" if counts[kind] else kind
            counts[kind] += 1
        if isinstance(layer, keras.Model):
            yield from _named(layer, f"{above}{name}/", seen)
            continue
        for weight in layer.weights:
            if id(weight) not in seen:
                seen.add(id(weight))
                yield f"{above}{name}/{weight.path.partition(f'{layer.name}/')[2] or weight.name}", weight


def _lacking(callback: Callback) -> str:
    """Return what a callback lacks here, "" where it has all that it needs."""
    if not callback.package or importlib.util.find_spec(callback.package) is not None:
        return ""
    return f"needs {callback.package}, which is not installed: pip install {callback.install or callback.package}"


def _state(error: BaseException | None) -> str:
    if error is None:
        return "done"
    if isinstance(error, DivergedError):
        return "diverged"
    return "stopped" if isinstance(error, StoppedError | KeyboardInterrupt) else "failed"
