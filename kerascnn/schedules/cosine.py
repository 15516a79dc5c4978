"""Cosine annealing (Loshchilov, Hutter 2016, arXiv:1608.03983) with warm-up (Goyal et al. 2017, arXiv:1706.02677)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Schedule, register


@register("cosine")
class Cosine(Schedule):
    """Rise from 0 to the stage's learning rate, then fall along half a cosine."""

    warmup: float = Field(0.0, ge=0, lt=1)
    """Fraction of the stage over which the rate rises in a straight line; 0 for none."""
    end: float = Field(0.0, ge=0, le=1)
    """Rate at the end of the stage, as a fraction of the highest one."""

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the Keras schedule over this many optimizer steps."""
        from keras.optimizers.schedules import CosineDecay

        # The last step is left to the highest rate: a stage of one step would otherwise train at rate 0.
        rise = min(round(self.warmup * steps), steps - 1)
        if rise <= 0:
            return CosineDecay(learning_rate, max(1, steps), alpha=self.end)
        return CosineDecay(0.0, max(1, steps - rise), alpha=self.end, warmup_target=learning_rate, warmup_steps=rise)
