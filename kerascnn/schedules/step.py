"""A learning rate that falls in steps, as in He et al. 2015, arXiv:1512.03385."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.schedules.warm import Warm
from kerascnn.spec import register


@register("step")
class Step(Warm):
    """Keep the stage's learning rate, and multiply it with a factor at some points of the stage."""

    at: list[Annotated[float, Field(gt=0, lt=1)]] = Field([0.5, 0.75], min_length=1, max_length=64)
    """Fractions of the stage at which the rate falls, in rising order: [0.5, 0.75] is at the half and three quarters
    of its epochs. The warm-up counts as well."""
    factor: float = Field(0.1, gt=0, lt=1)
    """What the rate is multiplied with each time."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if any(one >= other for one, other in zip([self.warmup, *self.at], self.at, strict=False)):
            raise PydanticCustomError(
                "step",
                "has at {at} and warmup {warmup}; the fractions must rise, and begin behind the warm-up",
                {"at": self.at, "warmup": self.warmup},
            )
        return self

    def after(self, learning_rate: float, steps: int, rise: int) -> Any:
        """Return the Keras schedule of the steps behind the warm-up."""
        from keras.optimizers.schedules import PiecewiseConstantDecay

        # Keras's boundary is the last step before the fall; the first step always has the full rate.
        last = [max(0, round(fraction * (steps + rise)) - 1 - rise) for fraction in self.at]
        rates = [learning_rate * self.factor**i for i in range(len(last) + 1)]
        return PiecewiseConstantDecay(last, rates)
