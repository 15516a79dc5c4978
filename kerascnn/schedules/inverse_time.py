"""A learning rate that falls as 1 / (1 + time)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.schedules.warm import Warm
from kerascnn.spec import register


@register("inverse_time")
class InverseTime(Warm):
    """Fall from the stage's learning rate as 1 / (1 + time): fast at first, then ever more slowly."""

    end: float = Field(0.1, gt=0, le=1)
    """Rate at the end of the stage, as a fraction of the highest one."""

    def after(self, learning_rate: float, steps: int, rise: int) -> Any:
        """Return the Keras schedule of the steps behind the warm-up."""
        from keras.optimizers.schedules import InverseTimeDecay

        return InverseTimeDecay(learning_rate, steps, 1 / self.end - 1)
