"""What goes along with a stage of training: the companions of its methods, as one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from kerascnn.engine.callbacks import named
from kerascnn.engine.data import Dataset
from kerascnn.engine.optimize import averaged
from kerascnn.engine.part_stream import PartStream
from kerascnn.engine.position import Position
from kerascnn.engine.predict import Predictor
from kerascnn.engine.processes import OwnStream
from kerascnn.engine.stream import Stream
from kerascnn.errors import BuildError, DataError, UsageError
from kerascnn.nn.answering import answering
from kerascnn.runs.digest import digest_of
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Companion, JoinedStage, Schedule, Spec, Trained
from kerascnn.spec.component import parse_component
from kerascnn.spec.training import Stage

Outer = Callable[[Any, Any], keras.Model | None]


class Companions:
    """The companions of one stage, by the names of their methods."""

    def __init__(self, each: Mapping[str, Companion] | None = None, outer: Outer | None = None):
        self.each = dict(each or {})
        self.task_outer = outer
        """Makes the outer model that the task wants."""

    def __bool__(self) -> bool:
        return bool(self.each)

    @property
    def begins(self) -> int | None:
        """The epoch of the stage at whose end the best model so far is forgotten; None for none."""
        return max((one.begins for one in self.each.values() if one.begins is not None), default=None)

    def outer(self, inputs: Any, outputs: Any) -> keras.Model:
        """Return a new outer model of the stage. Raises BuildError where two want one of their own."""
        makers: dict[str, Outer] = {"the task": self.task_outer} if self.task_outer else {}
        makers |= {f"the method '{name}'": one.outer for name, one in self.each.items()}
        made = {name: model for name, make in makers.items() if (model := make(inputs, outputs)) is not None}
        if len(made) > 1:
            who = " and ".join(made)
            raise BuildError(f"{who} each train in a way of their own; leave out one of them", "train.stages")
        return next(iter(made.values())) if made else keras.Model(inputs, outputs)

    def equip(self, optimizer: Any) -> None:
        """Let each add its variables to an optimizer that is built."""
        for one in self.each.values():
            one.equip(optimizer)

    def begin_epoch(self, epoch: int) -> None:
        """Begin an epoch, counted from 0; not what is left of a torn one."""
        for one in self.each.values():
            one.begin_epoch(epoch)

    def end_epoch(self, epoch: int) -> None:
        """End an epoch, before its model is judged."""
        for one in self.each.values():
            one.end_epoch(epoch)

    @contextmanager
    def judged(self, model: keras.Model, stream: Stream) -> Iterator[None]:
        """Let the outer model have what is to be judged and kept, averages of the optimizer's included."""
        with ExitStack() as inside:
            inside.enter_context(averaged(model))
            own = _untaught(stream)
            for one in self.each.values():
                inside.enter_context(one.judged(lambda step: own.batch(step)[0], own.steps_per_epoch))
            yield

    def keeps(self, epoch: int) -> bool:
        """Return whether one wants the network of an epoch of the stage, counted from 0, to be kept for good."""
        return any(one.keeps(epoch) for one in self.each.values())

    def leave(self) -> None:
        """Leave the network as it was found."""
        for one in self.each.values():
            one.leave()

    def facts(self, at: Position) -> dict[str, Any]:
        """Return what `effective.json` says of each, at the end of the stage; the network has the best weights."""
        before = at.epoch - at.epochs
        kept = max(0, at.best[1] - before) if at.best else 0
        return {"methods": {name: one.facts(kept) for name, one in self.each.items()}} if self else {}


class TaughtStream(Stream):
    """The batches of a stream with targets as the companions of the stage want them."""

    def __init__(self, whole: Stream, companions: Sequence[Companion]):
        self.__dict__.update(whole.__dict__)
        self.companions = list(companions)

    def batch(self, step: int) -> tuple[Any, Any]:
        """Return the elements and the targets of a step."""
        elements, targets = super().batch(step)
        for one in self.companions:
            targets = one.targets(elements, targets)
        return elements, targets


def moved(stage: Stage) -> Stage:
    """Return a stage with the schedule that a method of it brings along, if one does."""
    kind: type[Any] = Schedule
    for method in stage.methods:
        if own := method.schedule():
            return stage.model_copy(update={"schedule": parse_component(kind, own)})
    return stage


def check_methods(spec: Spec, data: Dataset) -> dict[str, dict[str, Any]]:
    """Look whether all methods can do their work. Raises DataError where one cannot.

    Return the other runs that they look into, by the place in the spec: stage, folder, and hash of the model.
    """
    opened: dict[str, dict[str, Any]] = {}
    for number, stage in enumerate(spec.train.stages):
        for i, method in enumerate(stage.methods):
            joined = _joined(spec, data, number, i)

            def look(path: str, joined: JoinedStage = joined) -> Trained:
                found = joined.open_run(path)
                digest = digest_of(Path(found.path, "model.keras"))
                opened[joined.place] = {"stage": joined.number, "run": found.path, "sha256": digest}
                return found

            method.check(replace(joined, open_run=look))
    return opened


def join(spec: Spec, data: Dataset, number: int, network: keras.Model) -> Companions:
    """Return the companions of a stage that trains this network. Raises DataError."""
    return Companions(
        {
            method.type_name: method.join(_joined(spec, data, number, i, network))
            for i, method in enumerate(spec.train.stages[number].methods)
        },
        lambda inputs, outputs: spec.task.outer(inputs, outputs, data.info),
    )


def taught(stream: Stream, companions: Companions) -> Stream:
    """Return the stream with the targets that the companions want."""
    changing = [one for one in companions.each.values() if type(one).targets is not Companion.targets]
    return TaughtStream(stream, changing) if changing else stream


def _untaught(stream: Stream) -> Stream:
    """Return a stream of the same elements, whole batches of them where processes share each.

    A thread that makes batches goes on with the other one meanwhile.
    """
    own = copy(stream)
    own = own.whole if isinstance(own, OwnStream) else own
    inner = own.whole if isinstance(own, PartStream) else own
    if isinstance(inner, TaughtStream):
        inner.companions = []
    return own


def _joined(spec: Spec, data: Dataset, number: int, i: int, network: keras.Model | None = None) -> JoinedStage:
    place = f"train.stages.{number}.methods.{i}"
    return JoinedStage(
        number,
        spec.train.stages[number].epochs,
        spec.task.output,
        data.info.labels,
        # As it comes out of a file.
        json.loads(json.dumps({"shape": list(data.info.shape), **data.elements.form.spell()})),
        lambda path: _open_run(path, place),
        network,
        None if network is None else {id(weight): name for name, weight in named(network)},
        place,
    )


def _open_run(path: str, place: str) -> Trained:
    """Return the model of a run by its folder. Raises DataError where there is none."""
    run = RunFolder(os.path.expanduser(path))
    if not (run.path / "RUN.json").is_file():
        raise DataError(f"{place}.run: {path} is no folder of a run; relative paths start from the current folder")
    if not (run.path / "model.keras").is_file():
        raise DataError(f"{place}.run: the run in {path} kept no model; its state is '{run.state.state}'")
    try:
        found = Predictor(run)
        facts = run.read("input.json")
    except UsageError as error:
        raise DataError(f"{place}.run: {error}") from error
    return Trained(
        str(run.path), found.task.output, found.labels, facts, lambda: found.model, lambda: answering(found.model)
    )
