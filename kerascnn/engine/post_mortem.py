"""Which layer went first, where a training diverged: its last steps are done again, and looked at one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from kerascnn.engine import processes
from kerascnn.engine.phase import Phase
from kerascnn.engine.position import Position, put_arrays, variables_of
from kerascnn.runs.checkpoints import Checkpoint

_STEPS = 500
"""Steps that are done again at the most."""


def first_to_fail(phase: Phase, model: keras.Model, start: int, steps: int) -> str:
    """Return a sentence on the first numbers of a stage that are not finite, "" where none are found.

    `model` is compiled and stands at step `start` of the stage; so many steps later something was not finite.
    """
    for step in range(start, start + min(steps, _STEPS)):
        elements, targets = phase.stream.batch(step)
        before = model.get_weights()
        loss = model.train_on_batch(elements, targets, return_dict=True)["loss"]
        wrong = _bad_weights(model)
        if math.isfinite(float(loss)) and not wrong:
            continue
        model.set_weights(before)
        output = _bad_output(phase, elements)
        if output:
            return f"the first numbers that are not finite are the output of {output}"
        if not math.isfinite(float(loss)):
            return "every layer's output is finite, and the loss of it is not"
        return f"the first numbers that are not finite are the weights of {wrong}, after a step whose loss was finite"
    return ""


def first_after(checkpoint: Checkpoint | None, phase: Phase, at: Position, make: Callable[[], keras.Model]) -> str:
    """Return the same for a training that stands here and last stood at a checkpoint, with a model that `make` makes.

    Nothing is found where there is no checkpoint of this stage, or where steps were not done by one process as a whole.
    """
    if checkpoint is None or checkpoint.state["stage"] != phase.number or at.split > 1 or processes.count() > 1:
        return ""
    model = make()
    groups = {name: group for name, group in variables_of(model).items() if name != "metrics"}
    put_arrays(groups, {name: array for name, array in checkpoint.arrays.items() if name.split("/")[0] in groups})
    start = checkpoint.state["epochs"] * phase.steps + checkpoint.state["steps"]
    return first_to_fail(phase, model, start, at.epochs * phase.steps + at.steps - start)


def _bad_weights(model: keras.Model) -> str:
    """Return the first weight, in the order of the network, that is not finite, "" where all are."""
    for weight in model.trainable_weights:
        if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
            return f"'{weight.path}'"
    return ""


def _bad_output(phase: Phase, elements: Any) -> str:
    """Return the first layer, in the order of the network, whose output is not finite, "" where all are."""
    built = phase.built
    if isinstance(elements, dict):  # features that were computed before
        feeds = elements
    else:
        prepared = keras.Model(built.model.input, built.prepared)(elements, training=True)
        if not _is_finite(prepared):
            return "the preprocessing (model.preprocess)"
        found, bad = _look(built.backbone, prepared)
        if bad is not None:
            return _say(built, bad)
        feeds = {name: found[id(tensor)] for name, tensor in built.backbone.output.items()}
    _, bad = _look(built.head, {name: feeds[name] for name in built.head.input})
    return "" if bad is None else _say(built, bad)


def _look(model: keras.Model, inputs: Any) -> tuple[dict[int, Any], Any]:
    """Return what each symbolic tensor of a model becomes, and the first operation whose output is not finite."""
    steps = [
        (operation, tensor)
        for operation in model.operations
        if not isinstance(operation, keras.layers.InputLayer)
        for tensor in keras.tree.flatten(operation.output)
    ]
    values = keras.Model(model.input, [tensor for _, tensor in steps])(inputs, training=True)
    found = {id(tensor): value for (_, tensor), value in zip(steps, values, strict=True)}
    bad = next((operation for (operation, _), value in zip(steps, values, strict=True) if not _is_finite(value)), None)
    return found, bad


def _is_finite(value: Any) -> bool:
    array = keras.ops.convert_to_numpy(keras.ops.cast(value, "float32"))
    return bool(np.isfinite(array).all())


def _say(built: Any, operation: Any) -> str:
    path = built.trace.paths.get(id(operation), "")
    return f"'{operation.name}'" + (f" ({path})" if path else "")
