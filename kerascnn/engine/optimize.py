"""What is minimised and by which optimizer: rates of parts, averages of the weights, and what the rate is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.training import Stage


def loss_of(spec: Spec, info: DataInfo) -> Any:
    """Return the Keras loss that training minimises: that of `train.loss`, or the task's own. Raises DataError."""
    return spec.task.loss(info) if spec.train.loss is None else spec.train.loss.make(info)


def make_optimizer(stage: Stage, updates: int, slower: float, factors: Mapping[str, float]) -> Any:
    """Return the optimizer of a stage of this many steps of the optimizer, all rates multiplied with `slower`.

    `factors` says what the rate of a weight is multiplied with, by its path; the others go at the stage's own rate.
    """

    def one(factor: float) -> Any:
        rate = stage.schedule.make(stage.learning_rate * slower * factor, updates)
        return stage.optimizer.make(rate, accumulate=stage.accumulate)

    if not factors:
        return one(1.0)
    apart = {factor: one(factor) for factor in sorted(set(factors.values()))}
    by_path = {path: apart[factor] for path, factor in factors.items()}
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(one(1.0), by_path))


def current_rate(optimizer: Any) -> float:
    """Return the rate of the next step; that of the weights without a rate of their own, where there are several."""
    return float(keras.ops.convert_to_numpy(_inner(optimizer)[0].learning_rate))


def multiply_rates(optimizer: Any, factor: float) -> None:
    """Multiply the rates of an optimizer that no schedule moves."""
    for one in _inner(optimizer):
        if isinstance(one.get_config()["learning_rate"], dict):
            continue
        one.learning_rate = float(keras.ops.convert_to_numpy(one.learning_rate)) * factor


def updates_so_far(optimizer: Any) -> int:
    """Return how often the optimizer has moved the weights."""
    return int(keras.ops.convert_to_numpy(_inner(optimizer)[0].iterations))


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Let the model have the averages of its weights inside, where its optimizer keeps them, and its own afterwards."""
    pairs = [
        (variable, average)
        for optimizer in _inner(model.optimizer)
        if getattr(optimizer, "use_ema", False)
        # The averages have no public name; Keras's own SwapEMAWeights takes them from here, too.
        for variable, average in zip(
            optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True
        )
    ]
    own = [np.array(keras.ops.convert_to_numpy(variable)) for variable, _ in pairs]
    for variable, average in pairs:
        # A copy: JAX gives the memory of an array that training has used away.
        variable.assign(np.array(keras.ops.convert_to_numpy(average)))
    try:
        yield
    finally:
        for (variable, _), value in zip(pairs, own, strict=True):
            variable.assign(value)


def keeps_averages(optimizer: Any) -> bool:
    """Return whether the optimizer keeps averages of the weights."""
    return any(getattr(one, "use_ema", False) for one in _inner(optimizer))


def _inner(optimizer: Any) -> list[Any]:
    """Return the optimizers that move weights; the one for the weights without a rate of their own comes first."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # within one that scales the loss
    several = getattr(optimizer, "optimizers", None)  # Keras puts the one for all others last
    return [one for one in reversed(several) if one.built] if several else [optimizer]
