"""Where a training stands, and how that goes into a checkpoint and comes back: to the bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import keras
import numpy as np

from kerascnn.errors import UsageError


@dataclass
class Position:
    """How far a training is. It is plain data, and all that counts besides weights, optimizer and running figures."""

    stage: int = 0
    """Stages that are done."""
    epochs: int = 0
    """Epochs of this stage that are done."""
    steps: int = 0
    """Steps of this epoch that are done."""
    epoch: int = 0
    """Epochs of the whole training that are done."""
    waited: int = 0
    """Epochs of this stage since the last one that was better than all before."""
    best: tuple[float, int] | None = None
    """The best value of the monitor, and in which epoch of the whole training it was."""
    rates: list[float] = field(default_factory=list)
    """The rate at the end of each epoch of this stage."""
    slower: float = 1.0
    """What the rates of this stage are multiplied with, since training diverged."""
    rollbacks: int = 0
    """Times that training went back to a checkpoint."""
    split: int = 1
    """Parts that a batch is divided into, since memory ran out; epochs and steps count those parts as steps."""
    pace: dict[str, Any] = field(default_factory=dict)
    """How the steps of this stage are done, and why; empty until that is known."""
    seconds: float = 0.0
    """Seconds of training so far."""
    stages: list[dict[str, Any]] = field(default_factory=list)
    """What the stages that are done did."""

    def spell(self) -> dict[str, Any]:
        """Return the position as plain data."""
        return asdict(self)

    @classmethod
    def restore(cls, facts: Mapping[str, Any]) -> Position:
        """Return the position that `spell` gave. Raises UsageError where a later version wrote it."""
        known = {key: value for key, value in facts.items() if key in cls.__dataclass_fields__}
        if len(known) != len(facts):
            raise UsageError("the checkpoint was written by a later kerascnn; install that one")
        if known.get("best") is not None:
            known["best"] = tuple(known["best"])
        return cls(**known)

    def next_stage(self, facts: dict[str, Any]) -> None:
        """Go on to the beginning of the next stage."""
        self.stages.append(facts)
        self.stage += 1
        self.epochs = self.steps = self.waited = 0
        self.rates, self.slower, self.pace = [], 1.0, {}


def variables_of(model: keras.Model) -> dict[str, list[Any]]:
    """Return the variables of a compiled model that a step of training moves: random generators are among the first."""
    return {
        "model": list(model.variables),
        "optimizer": list(model.optimizer.variables),
        "metrics": list(model.metrics_variables),
    }


def take_arrays(groups: Mapping[str, Iterable[Any]]) -> dict[str, np.ndarray]:
    """Return the values of variables under names that are the same each time that the model is built."""
    return {
        f"{name}/{i:05d}": np.asarray(keras.ops.convert_to_numpy(variable))
        for name, variables in groups.items()
        for i, variable in enumerate(variables)
    }


def put_arrays(groups: Mapping[str, Iterable[Any]], arrays: Mapping[str, np.ndarray]) -> None:
    """Give variables the values of `take_arrays`. Raises UsageError where they are not those of this network."""
    wanted = {f"{name}/{i:05d}": variable for name, group in groups.items() for i, variable in enumerate(group)}
    if wanted.keys() != arrays.keys():
        raise UsageError(
            f"the checkpoint holds {len(arrays)} arrays, and this network and optimizer have {len(wanted)}; the spec, "
            "a plugin or kerascnn itself has changed since it was written"
        )
    for name, variable in wanted.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise UsageError(
                f"the checkpoint's {name} has the shape {arrays[name].shape}, and this network's {variable.path} "
                f"{tuple(variable.shape)}; the spec, a plugin or kerascnn itself has changed since it was written"
            )
    for name, variable in wanted.items():
        variable.assign(arrays[name])
