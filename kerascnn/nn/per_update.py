"""The rate of a schedule under gradient accumulation."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule


@keras.saving.register_keras_serializable("kerascnn")
class PerUpdate(LearningRateSchedule):
    """A schedule that goes on by one step when the weights move, and not with every batch of accumulated gradients.

    Keras asks a schedule with the number of batches; `every` of them make one step of the weights.
    """

    def __init__(self, schedule: LearningRateSchedule, every: int):
        self.schedule, self.every = schedule, every

    def __call__(self, step: Any) -> Any:
        """Return the rate of the step that this batch, counted from 0, belongs to."""
        return self.schedule(ops.floor_divide(step, self.every))

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes it of again."""
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "every": self.every}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PerUpdate:
        """Return the schedule of `get_config`."""
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["every"])
