"""Features that are computed once, for stages that freeze the whole backbone and would compute the same each epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import psutil

from kerascnn.engine.phase import Held, Phase
from kerascnn.engine.predict import at_a_time
from kerascnn.engine.processes import own
from kerascnn.engine.progress import Progress
from kerascnn.engine.stream import Stream, Take
from kerascnn.errors import BuildError
from kerascnn.spec import Spec

_VIEWS = 3
"""The purpose of the random generators of views; the stream's own are 1 and 2."""
_BYTES = 4


class FeatureStream(Stream):
    """The batches of a stream, of features that are there: pass p takes view p mod the number of views."""

    def __init__(self, stream: Stream, views: list[tuple[dict[str, np.ndarray], np.ndarray]]):
        super().__init__(
            stream.take,
            stream.indices,
            stream.answers,
            stream.finish,
            kind=stream.kind,
            batch_size=stream.batch_size,
            seed=stream.seed,
            turn=stream.turn,
        )
        self.views = views
        self.rows = rows_of(np.unique(stream.indices))

    def batch(self, step: int) -> tuple[Any, np.ndarray]:
        """Return the features by name and the targets of a step."""
        parts = []
        for number, places in self._parts(step):
            features, targets = self.views[number % len(self.views)]
            rows = self.rows[self._of_pass(number)[places]]
            parts.append(({name: array[rows] for name, array in features.items()}, targets[rows]))
        if len(parts) == 1:
            return parts[0]
        names = parts[0][0]
        return {name: np.concatenate([some[name] for some, _ in parts]) for name in names}, np.concatenate(
            [targets for _, targets in parts]
        )


def with_features(phase: Phase, spec: Spec, progress: Progress) -> Phase:
    """Return the stage as a training of the head alone, on features computed here, where that gives the same.

    Otherwise the stage as it is, with the reason in its facts. Raises BuildError where the spec asks for views and the
    stage trains more than the head.
    """
    views, why = _views(phase, spec)
    if not views:
        return replace(phase, facts={**phase.facts, "features": {"views": 0, "why": why}})
    began = time.monotonic()
    built = phase.built
    extractor = keras.Model(built.model.input, built.features)
    held = 0 if phase.validation is None else len(phase.validation)
    samples = len(np.unique(phase.stream.indices))
    many = min(samples, _many(phase))
    steps = views * math.ceil(samples / many) + held
    with progress.count("computing features", steps) as seen:
        found = [_view(phase, extractor, number, seen) for number in range(views)]
        validation = None if phase.validation is None else _validation(phase.validation, extractor, many, seen)
    inputs = {name: keras.Input(y.shape[1:], name=name, dtype=y.dtype) for name, y in built.features.items()}
    facts = {
        "views": views,
        "why": why,
        "bytes": sum(array.nbytes for features, _ in found for array in features.values()),
        "seconds": round(time.monotonic() - began, 3),
    }
    return replace(
        phase,
        model=keras.Model(inputs, built.head(inputs)),
        stream=own(FeatureStream(phase.stream, found), int(spec.train.devices)),
        validation=validation,
        facts={**phase.facts, "features": facts},
    )


def _views(phase: Phase, spec: Spec) -> tuple[int, str]:
    """Return how many views of each sample are computed once, 0 for none, and why."""
    stage = phase.stage
    asked = stage.feature_views
    if asked == 0:
        return 0, "the spec says so"
    if phase.companions:
        return 0, f"what the stage does beside steps wants the whole network: {', '.join(phase.companions.each)}"
    mine = {id(weight) for weight in phase.built.head.weights}
    if any(id(weight) not in mine for weight in phase.built.model.trainable_weights):
        if asked:
            raise BuildError(
                "needs a stage that trains the head alone; say freeze: backbone",
                f"train.stages.{phase.number}.feature_views",
            )
        return 0, "the stage trains more than the head"
    augmented = bool(spec.augment) and stage.augment > 0
    chance = [weight.path for weight in phase.built.backbone.variables if "seed_generator" in weight.path]
    if asked is None and augmented:
        return 0, "samples are augmented, each time in another way; feature_views keeps some views"
    if asked is None and chance:
        return 0, "the frozen backbone drops features at random; feature_views: 1 keeps those without"
    if asked is None and stage.epochs < 2:
        return 0, "one epoch computes them once anyway"
    views = asked or 1
    size = sum(math.prod(y.shape[1:]) for y in phase.built.features.values()) * _BYTES
    needed = views * size * len(np.unique(phase.stream.indices))
    limit = spec.data.cache_limit
    budget = limit * 2**30 if limit is not None else psutil.virtual_memory().available / 3
    if needed > budget:
        return 0, f"they would take {needed / 2**30:.1f} GiB of {budget / 2**30:.1f}; raise data.cache_limit"
    return views, "the spec says so" if asked else "the backbone is frozen, and nothing is augmented"


def _many(phase: Phase) -> int:
    return max(phase.stream.batch_size, at_a_time(phase.built.model.input_shape[1:]))


def _view(phase: Phase, extractor: keras.Model, number: int, seen: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the features of every training sample, augmented once, by name, and their targets."""
    stream = phase.stream
    samples = np.unique(stream.indices)
    seeds = [stream.seed] if isinstance(stream.seed, int) else list(stream.seed)
    once = Stream(
        stream.take,
        samples,
        stream.answers,
        stream.finish,
        kind=stream.kind,
        batch_size=_many(phase),
        seed=[*seeds, _VIEWS, number],
        augment=stream.augment,
        share=stream.share,
    )
    features: dict[str, np.ndarray] = {}
    targets: np.ndarray | None = None
    for step in range(once.steps_per_epoch):
        elements, answers = once.batch(step)
        # The last batch goes on into the next pass.
        places = once.positions(step)[: len(samples) - step * once.batch_size]
        for name, array in _features(extractor, elements, once.batch_size).items():
            kept = features.setdefault(name, np.empty((len(samples), *array.shape[1:]), "float32"))
            kept[places] = array[: len(places)]
        if targets is None:
            targets = np.empty((len(samples), *answers.shape[1:]), answers.dtype)
        targets[places] = answers[: len(places)]
        seen()
    assert targets is not None
    return features, targets


def _validation(held: Held, extractor: keras.Model, many: int, seen: Any) -> Held:
    """Return the validation samples as features."""
    parts = []
    for i in range(len(held)):
        parts.append(_features(extractor, held[i][0], many))
        seen()
    features = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    rows = rows_of(held.indices)
    take: Take = lambda indices: {name: array[rows[indices]] for name, array in features.items()}  # type: ignore[assignment,return-value] # noqa: E731
    return Held(take, held.targets, held.indices, held.batch_size)


def _features(extractor: keras.Model, elements: np.ndarray, many: int) -> Mapping[str, np.ndarray]:
    """Return the features of at most `many` elements. A batch of another size would have to be compiled anew."""
    count = len(elements)
    if count < many:
        elements = np.concatenate([elements, np.repeat(elements[-1:], many - count, axis=0)])
    found = extractor.predict_on_batch(elements)
    # With several devices on TensorFlow each gives the features of all, one after another.
    return {name: np.asarray(keras.ops.convert_to_numpy(array), "float32")[:count] for name, array in found.items()}


def rows_of(indices: np.ndarray) -> np.ndarray:
    """Return an array that holds at the number of each sample its place among these.

    >>> rows_of(np.array([4, 1]))[[1, 4]].tolist()
    [1, 0]
    """
    rows = np.full(int(indices.max()) + 1, -1)
    rows[indices] = np.arange(len(indices))
    return rows
