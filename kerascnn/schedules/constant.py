"""A learning rate that does not move."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Schedule, register


@register("constant")
class Constant(Schedule):
    """Keep the stage's learning rate throughout, behind a warm-up if wanted."""

    warmup: float = Field(0.0, ge=0, lt=1)
    """Fraction of the stage over which the rate rises in a straight line from 0; 0 for none."""

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the rate, or the Keras schedule of a warm-up over this many optimizer steps."""
        rise = min(round(self.warmup * steps), steps - 1)
        if rise <= 0:
            return learning_rate
        from keras.optimizers.schedules import PolynomialDecay

        return PolynomialDecay(0.0, rise, learning_rate)
