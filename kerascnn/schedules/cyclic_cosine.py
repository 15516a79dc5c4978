"""Cosine annealing with warm restarts (Loshchilov, Hutter 2016, arXiv:1608.03983), in cycles of one length."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Schedule, register


@register("cyclic_cosine")
class CyclicCosine(Schedule):
    """Fall along half a cosine from the stage's learning rate, several times, each time from the full rate."""

    cycles: int = Field(5, ge=1, le=1000)
    """How often the rate falls. The last cycle is shorter where they do not divide the steps."""
    end: float = Field(0.0, ge=0, lt=1)
    """Rate at the end of a cycle, as a fraction of the highest one."""

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the Keras schedule over this many optimizer steps."""
        from keras.optimizers.schedules import CosineDecayRestarts

        length = max(1, -(-steps // self.cycles))
        return CosineDecayRestarts(learning_rate, length, t_mul=1.0, alpha=self.end)
