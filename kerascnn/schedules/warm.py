"""What schedules with a warm-up share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from pydantic import Field

from kerascnn.spec import Schedule


class Warm(Schedule):
    """A schedule behind a warm-up (Goyal et al. 2017, arXiv:1706.02677)."""

    warmup: float = Field(0.0, ge=0, lt=1)
    """Fraction of the stage over which the rate rises in a straight line from 0; 0 for none."""

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the Keras schedule over this many optimizer steps."""
        # The last step is left to the highest rate: a stage of one step would otherwise train at rate 0.
        rise = max(0, min(round(self.warmup * steps), steps - 1))
        after = self.after(learning_rate, max(1, steps - rise), rise)
        if not rise:
            return after
        from kerascnn.nn.in_turn import warmed_up

        return warmed_up(learning_rate, rise, after)

    @abstractmethod
    def after(self, learning_rate: float, steps: int, rise: int) -> Any:
        """Return the Keras schedule over these steps, 1 or more; `rise` steps of warm-up are before them."""
