"""What a stage of training works with: its model, its batches, its validation samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import keras
import numpy as np

from kerascnn.engine.balance import balanced
from kerascnn.engine.build import Built
from kerascnn.engine.companions import Companions, check_methods, join, moved, taught
from kerascnn.engine.data import Dataset
from kerascnn.engine.distribute import shared
from kerascnn.engine.parts import factors, freeze
from kerascnn.engine.predict import at_a_time
from kerascnn.engine.processes import own
from kerascnn.engine.stream import Stream, Take
from kerascnn.spec import Spec
from kerascnn.spec.training import Stage


class Held(keras.utils.PyDataset):
    """The samples of a split in order, in batches, for figures."""

    def __init__(self, take: Take, targets: Take, indices: np.ndarray, batch_size: int):
        super().__init__(workers=1, use_multiprocessing=False)
        self.take, self.targets, self.indices, self.batch_size = take, targets, indices, batch_size
        self.failure: Exception | None = None
        """Why a batch could not be made, as it was raised: a backend may wrap it on its way."""

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __getitem__(self, i: int) -> tuple[Any, np.ndarray]:
        part = self.indices[i * self.batch_size : (i + 1) * self.batch_size]
        try:
            return self.take(part), self.targets(part)
        except Exception as error:
            self.failure = error
            raise


@dataclass
class Phase:
    """One stage of training."""

    number: int
    stage: Stage
    built: Built
    """The whole network as it is kept after this stage."""
    model: keras.Model
    """What is trained: the whole network, or its head on features that were computed before."""
    stream: Stream
    validation: Held | None
    factors: dict[str, float]
    """What the rate is multiplied with, by the path of a weight."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What `effective.json` says of it."""
    companions: Companions = field(default_factory=Companions)
    """What goes along with it."""

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.stream.steps_per_epoch

    def outer(self) -> keras.Model:
        """Return a new model to compile: compiling one again keeps traces and metrics of the old."""
        return self.companions.outer(self.model.input, self.model.output)


class Phases:
    """Makes the stages of a training ready."""

    def __init__(self, spec: Spec, data: Dataset, built: Built, remake: Callable[[Spec], Built]):
        self.spec, self.data, self.built, self.remake = spec, data, built, remake
        self.learnt_from = check_methods(spec, data)
        """The runs that methods look into, by the place in the spec: stage, folder, and hash of the model."""
        self._now = built
        """The network of the stage before, whose weights go on."""

    def enter(self, number: int) -> Phase:
        """Return a stage that is ready to train, on the weights that the one before ended with.

        Raises BuildError where it freezes what is not there, or the network does not take its size of pictures.
        """
        stage = moved(self.spec.train.stages[number])
        place = f"train.stages.{number}"
        built = self._at_size(number, stage)
        freeze(built, stage.freeze, f"{place}.freeze")
        rates = factors(built, stage.rates, f"{place}.rates")
        stream = self._stream(number, stage)
        facts = {
            "optimizer": stage.optimizer.spell(),
            "frozen": stage.freeze,
            "trainable_parameters": int(sum(math.prod(w.shape) for w in built.model.trainable_weights)),
            "batch_size": stream.batch_size * stage.accumulate,
            "steps_per_epoch": stream.steps_per_epoch,
        }
        if stage.image_size:
            facts["image_size"] = list(stage.image_size)
        validation = self._validation(stream)
        companions = join(self.spec, self.data, number, built.model)
        stream = own(taught(stream, companions), int(self.spec.train.devices))
        return Phase(number, stage, built, built.model, stream, validation, rates, facts, companions)

    def _at_size(self, number: int, stage: Stage) -> Built:
        """Return the network at the stage's size of pictures, with the weights of the stage before."""
        spec = self.spec
        if stage.image_size:
            inner = spec.model.preprocess.model_copy(update={"resize": stage.image_size})
            spec = spec.model_copy(update={"model": spec.model.model_copy(update={"preprocess": inner})})
            # What was drawn before differs where training goes on in another process, and dropout draws from here.
            keras.utils.set_random_seed((spec.train.seed + number) % 2**32)
            built = self.remake(spec)
        else:
            built = self.built
        if built is not self._now:
            built.model.set_weights(self._now.model.get_weights())
        self._now = built
        return built

    def _stream(self, number: int, stage: Stage) -> Stream:
        data, spec = self.data, self.spec
        indices = data.indices("train")
        turn = None
        if spec.train.balance == "classes":
            turn = lru_cache(2)(partial(_turn, indices, data.answers.of(indices), spec.train.seed))
            indices = turn(0)
        return Stream(
            data.elements.take,
            indices,
            data.answers.of,
            lambda answers: spec.task.targets(answers, data.info),
            kind=data.answers.kind,
            batch_size=int(stage.batch_size or spec.train.batch_size),  # auto is settled by now
            seed=(spec.train.seed, number),
            augment=spec.augment,
            share=stage.augment,
            turn=turn,
        )

    def _validation(self, stream: Stream) -> Held | None:
        held = self.data.indices("validation")
        if not len(held):
            return None
        # As many at a time as a training step takes, or more where they are small.
        many = max(stream.batch_size, at_a_time(self.data.info.shape))
        many = shared(many, len(held), int(self.spec.train.devices))  # auto is settled by now
        return Held(self.data.elements.take, stream.targets, held, many)


def _turn(indices: np.ndarray, classes: np.ndarray, seed: int, number: int) -> np.ndarray:
    return balanced(indices, classes, seed=seed, turn=number)
