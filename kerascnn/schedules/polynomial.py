"""A learning rate that falls as a power of what is left, as in Chen et al. 2016, arXiv:1606.00915."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.schedules.warm import Warm
from kerascnn.spec import register


@register("polynomial")
class Polynomial(Warm):
    """Fall from the stage's learning rate as a power of the part of the stage that is left; 1 is a straight line."""

    power: float = Field(1.0, gt=0, le=10)
    """The power: 1 is a straight line, 0.9 is usual for segmentation, 2 falls faster at first."""
    end: float = Field(0.0, ge=0, le=1)
    """Rate at the end of the stage, as a fraction of the highest one."""

    def after(self, learning_rate: float, steps: int, rise: int) -> Any:
        """Return the Keras schedule of the steps behind the warm-up."""
        from keras.optimizers.schedules import PolynomialDecay

        return PolynomialDecay(learning_rate, steps, self.end * learning_rate, self.power)
