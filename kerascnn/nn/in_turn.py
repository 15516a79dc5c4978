"""Schedules of the learning rate one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule, PolynomialDecay


@keras.saving.register_keras_serializable("kerascnn")
class InTurn(LearningRateSchedule):
    """One schedule after another, each counting its steps from 0. All but the last end after `lengths` steps."""

    def __init__(self, schedules: Sequence[LearningRateSchedule], lengths: Sequence[int]):
        if len(schedules) != len(lengths) + 1:
            raise ValueError(f"{len(schedules)} schedules need {len(schedules) - 1} lengths; got {len(lengths)}")
        self.schedules, self.lengths = list(schedules), list(lengths)

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, counted from 0."""
        step = ops.convert_to_tensor(step)
        rate = self.schedules[0](step)
        begin = 0
        for length, schedule in zip(self.lengths, self.schedules[1:], strict=True):
            begin += length
            rate = ops.where(step >= begin, schedule(ops.maximum(step - begin, 0)), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes it of again."""
        made = [keras.saving.serialize_keras_object(schedule) for schedule in self.schedules]
        return {"schedules": made, "lengths": self.lengths}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InTurn:
        """Return the schedule of `get_config`."""
        made = [keras.saving.deserialize_keras_object(schedule) for schedule in config["schedules"]]
        return cls(made, config["lengths"])


def warmed_up(rate: float, rise: int, after: LearningRateSchedule) -> LearningRateSchedule:
    """Return a schedule that rises in a straight line from 0 over `rise` steps to the rate at which `after` begins."""
    return InTurn([PolynomialDecay(0.0, rise, rate), after], [rise]) if rise > 0 else after
