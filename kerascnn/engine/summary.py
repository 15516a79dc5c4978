"""What a network is, without training it or giving it memory: shapes, parameters, operations, receptive fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import keras

from kerascnn.engine.build import Built, build, precision_policy
from kerascnn.engine.costs import Reach, Use, dense_parameters, kernels_of, multiply_adds, places_of, reach_of, uses
from kerascnn.engine.memory import FLOAT, PROGRAM, Forecast, kept_numbers, optimizer_numbers
from kerascnn.engine.parts import freeze
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.training import Stage

FIGURES = ("parameters", "trainable_parameters", "flops", "memory_bytes", "depth", "receptive_field", "stride",
           "dense_parameters", "input_shape", "output_shape")  # fmt: skip
"""The keys of a summary that two networks are compared by."""


@dataclass(frozen=True)
class _Phase:
    """What a stage of training asks for, found in a network that is forgotten."""

    weights: int
    trained: list[tuple[int, ...]]
    """The shapes of the weights that are trained."""
    kept: int
    """Numbers that the backward pass needs of one element."""
    layers: int


def summarize(spec: Spec, info: DataInfo) -> dict[str, Any]:
    """Return what `kerascnn summary --json` prints. Raises BuildError.

    `flops` counts each multiplication and each addition of convolutions, dense layers and matrix products (two for one
    multiply-add) for one element. `memory_bytes` is an upper estimate of what a training step needs in float32, beyond
    the libraries and the data, in the stage that needs the most; `memory` says for what. `activation_bytes` is the
    output of one layer for one element. `receptive_field` is how far an output sees at the most, and `stride` how far
    its neighbour is, along the longer side, in places of what the backbone gets (after `model.preprocess`). `depth` is
    the number of layers with a kernel on the longest way through the network. `dense_parameters` are those of dense
    layers in their place. `inputs` of a layer are the numbers of those that feed it, from 0.
    """
    # Keras keeps a list, for each thread, of the weights that were not made, and makes them all at some later time:
    # in a thread of its own that list goes with the thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        facts, phases = thread.submit(_look, spec, info).result()
    memory = max((_forecast(spec, phase, i) for i, phase in enumerate(phases)), key=lambda found: found.total)
    layers = facts.pop("layers")
    return {**facts, "memory_bytes": memory.total, "memory": asdict(memory), "layers": layers}


def compare(specs: Sequence[Spec], summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the summaries, the figures in which they differ, and the values of the specs in which these differ.

    Each list has an entry for every network; null stands where a spec has no such value.
    """
    figures = {key: [summary[key] for summary in summaries] for key in FIGURES}
    spelled = [_flat(spec.spell()) for spec in specs]
    paths = list(dict.fromkeys(path for values in spelled for path in values if path != "name"))
    values = {path: [one.get(path) for one in spelled] for path in paths}
    return {
        "networks": list(summaries),
        "differences": {
            "figures": {key: found for key, found in figures.items() if any(one != found[0] for one in found)},
            "spec": {path: found for path, found in values.items() if any(one != found[0] for one in found)},
        },
    }


def _look(spec: Spec, info: DataInfo) -> tuple[dict[str, Any], list[_Phase]]:
    # Inside the scope no weight is made, so that a network of any size costs nothing to look at.
    with keras.StatelessScope(initialize_variables=False), precision_policy("float32"):
        built = build(spec, info)
        found = _uses(built)
        facts = _facts(spec, info, built, found)
        phases = []
        for number, stage in enumerate(spec.train.stages):
            sized = (built, found)
            if stage.image_size:
                other = build(_at_size(spec, stage), info)
                sized = (other, _uses(other))
            phases.append(_phase(*sized, stage.freeze, f"train.stages.{number}.freeze"))
    return facts, phases


def _facts(spec: Spec, info: DataInfo, built: Built, found: dict[str, list[Use]]) -> dict[str, Any]:
    rows, seen = _rows(built, found)
    return {
        "name": spec.name,
        "parameters": int(built.model.count_params()),
        "trainable_parameters": sum(math.prod(weight.shape) for weight in built.model.trainable_weights),
        "flops": sum(row["flops"] for row in rows),
        "input_shape": list(info.shape),
        "output_shape": [int(size) for size in built.model.output_shape[1:]],
        "depth": _depth(built, found),
        "receptive_field": round(max(seen.field, default=1)),
        "stride": _number(max(seen.stride, default=1)),
        "dense_parameters": sum(row["dense_parameters"] for row in rows),
        "layers": rows,
    }


def _uses(built: Built) -> dict[str, list[Use]]:
    return {name: list(uses(getattr(built, name))) for name in ("model", "backbone", "head")}


def _at_size(spec: Spec, stage: Stage) -> Spec:
    """Return the spec with the size at which the backbone sees pictures in this stage."""
    inner = spec.model.preprocess.model_copy(update={"resize": stage.image_size})
    return spec.model_copy(update={"model": spec.model.model_copy(update={"preprocess": inner})})


_USUAL = 32
"""The batch of the forecast where the spec leaves it to the machine."""


def _phase(built: Built, found: dict[str, list[Use]], frozen: Sequence[str], path: str) -> _Phase:
    for model in (built.backbone, built.head):
        model.trainable = False  # Keras hands True on to the layers only where it changes something
    freeze(built, frozen, path)
    features = built.backbone.output
    same = {id(tensor): id(features[name]) for name, tensor in built.head.input.items()}
    if found["model"]:
        same[id(built.backbone.input)] = id(found["model"][-1].outputs[0])
    # A feature may be the backbone's input itself.
    same = {name: same.get(other, other) for name, other in same.items()}
    every = [use for part in found.values() for use in part]
    trained = [tuple(int(size) for size in weight.shape) for weight in built.model.trainable_weights]
    return _Phase(int(built.model.count_params()), trained, kept_numbers(every, same), len(every))


def _forecast(spec: Spec, phase: _Phase, number: int) -> Forecast:
    stage = spec.train.stages[number]
    asked = stage.batch_size or spec.train.batch_size
    batch_size = asked if isinstance(asked, int) else _USUAL
    return Forecast(
        batch_size=batch_size,
        stage=number,
        weights=FLOAT * phase.weights,
        gradients=FLOAT * sum(math.prod(shape) for shape in phase.trained),
        optimizer=FLOAT * optimizer_numbers(stage.optimizer, phase.trained, stage.accumulate),
        activations=FLOAT * batch_size * phase.kept,
        program=PROGRAM * phase.layers,
    )


def _rows(built: Built, found: dict[str, list[Use]]) -> tuple[list[dict[str, Any]], Reach]:
    """Return a row for each use of an operation, and what the deepest feature of the backbone sees."""
    size = [int(length) for length in built.backbone.input.shape[1:-1]]
    features = built.backbone.output
    reach: dict[int, Reach] = {}
    made_by: dict[int, int] = {}
    rows: list[dict[str, Any]] = []
    counted: set[int] = set()
    for part in ("model", "backbone", "head"):
        if part == "backbone" and rows:
            made_by[id(built.backbone.input)] = len(rows) - 1
        if part == "head":  # it begins with what the backbone's features are, and see
            for name, tensor in built.head.input.items():
                same = id(features[name]) if id(features[name]) in reach else id(built.backbone.input)
                reach[id(tensor)] = reach.get(same, Reach.none(len(size)))
                made_by |= {id(tensor): made_by[same]} if same in made_by else {}
        for use in found[part]:
            reached = reach_of(use, reach, size) if part != "model" else Reach.none(len(size))
            row = _row(use, reached, counted)
            inputs = sorted({made_by[id(tensor)] for tensor in use.inputs if id(tensor) in made_by})
            rows.append(
                {**row, "spec_path": built.trace.paths.get(id(use.operation), ""), "part": part, "inputs": inputs}
            )
            if part != "model":
                reach |= {id(tensor): reached for tensor in use.outputs}
            made_by |= {id(tensor): len(rows) - 1 for tensor in use.outputs}
    return rows, reach.get(id(list(features.values())[-1]), Reach.none(len(size)))


def _row(use: Use, reached: Reach, counted: set[int]) -> dict[str, Any]:
    operation = use.operation
    # A layer that is used twice has its weights once.
    has_weights = isinstance(operation, keras.layers.Layer) and id(operation) not in counted
    counted.add(id(operation))
    return {
        "name": operation.name,
        "type": use.type_name,
        "output_shape": places_of(use.outputs[0]),
        "parameters": int(operation.count_params()) if has_weights else 0,
        "dense_parameters": dense_parameters(use),
        "flops": 2 * multiply_adds(use),
        "activation_bytes": FLOAT * use.rows * sum(math.prod(places_of(tensor)) for tensor in use.outputs),
        "receptive_field": round(max(reached.field, default=1)),
        "stride": _number(max(reached.stride, default=1)),
    }


def _depth(built: Built, found: dict[str, list[Use]]) -> int:
    """Return the number of layers with a kernel on the longest way through the network."""
    depth: dict[int, int] = {}
    for part in (built.model, built.backbone, built.head):
        if part is built.backbone:
            depth[id(part.input)] = max(depth.values(), default=0)
        if part is built.head:
            features = built.backbone.output
            depth |= {id(tensor): depth.get(id(features[name]), 0) for name, tensor in part.input.items()}
        for use in found["model" if part is built.model else part.name]:
            deepest = max((depth.get(id(tensor), 0) for tensor in use.inputs), default=0)
            depth |= {id(tensor): deepest + bool(kernels_of(use.operation)) for tensor in use.outputs}
    return max((depth.get(id(tensor), 0) for tensor in keras.tree.flatten(built.head.output)), default=0)


def _number(value: float) -> float | int:
    return round(value) if value == round(value) else round(value, 3)


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return plain data as a mapping of dotted paths to values."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = {key: one for name, inner in items for key, one in _flat(inner, f"{path}.{name}" if path else name).items()}
    return found if found or isinstance(value, dict | list) else {path: value}
