"""The 1cycle policy (Smith 2018, arXiv:1803.09820)."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import Schedule, register


@register("one_cycle")
class OneCycle(Schedule):
    """Rise to the stage's learning rate and fall far below where it began, each along half a cosine.

    Momentum stays as it is; the paper lets it fall while the rate rises.
    """

    rise: float = Field(0.3, gt=0, lt=1)
    """Fraction of the stage over which the rate rises."""
    start: float = Field(0.04, gt=0, lt=1)
    """Rate at the beginning, as a fraction of the highest one."""
    end: float = Field(1e-4, gt=0, le=1)
    """Rate at the end of the stage, as a fraction of the highest one."""
    phases: Literal[2, 3] = 2
    """2 falls from the highest rate straight to the end; 3 falls to the beginning's rate as slowly as it rose, and from
    there to the end, as in the paper (`rise: 0.45`)."""

    @model_validator(mode="after")
    def _time_for_three(self) -> Self:
        if self.phases == 3 and self.rise >= 0.5:
            raise PydanticCustomError(
                "one_cycle",
                "has phases 3 and rise {rise}; the rate falls for as long as it rises, so give a rise below 0.5",
                {"rise": self.rise},
            )
        return self

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the Keras schedule over this many optimizer steps."""
        from keras.optimizers.schedules import CosineDecay

        from kerascnn.nn.in_turn import InTurn

        # The last step is left to the highest rate, so that a short stage reaches it.
        up = max(0, min(round(self.rise * steps), steps - 1))
        down = min(up, steps - 1 - up) if self.phases == 3 else 0
        turns = [(self.start, 1.0, up), (1.0, self.start, down)]
        turns.append((self.start if down else 1.0, self.end, max(1, steps - up - down)))
        turns = [turn for turn in turns if turn[2]]
        curves = [CosineDecay(learning_rate * low, length, alpha=high / low) for low, high, length in turns]
        return InTurn(curves, [length for *_, length in turns[:-1]]) if len(curves) > 1 else curves[0]
