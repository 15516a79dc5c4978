"""A learning rate that falls by the same factor in each step."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.schedules.warm import Warm
from kerascnn.spec import register


@register("exponential")
class Exponential(Warm):
    """Fall from the stage's learning rate by the same factor in each step."""

    end: float = Field(0.01, gt=0, le=1)
    """Rate at the end of the stage, as a fraction of the highest one."""

    def after(self, learning_rate: float, steps: int, rise: int) -> Any:
        """Return the Keras schedule of the steps behind the warm-up."""
        from keras.optimizers.schedules import ExponentialDecay

        return ExponentialDecay(learning_rate, steps, self.end)
