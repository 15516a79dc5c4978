"""A learning rate that falls when training gets no better."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Schedule, register


@register("plateau")
class Plateau(Schedule):
    """Keep the stage's learning rate, and lower it each time that `train.monitor` has not improved for some epochs.

    Give `train.patience` as several times this patience, or training ends before it is lowered.
    """

    factor: float = Field(0.1, gt=0, lt=1)
    """What the rate is multiplied with."""
    patience: int = Field(10, ge=1, le=100_000)
    """Epochs without an improvement after which it is."""
    lowest: float = Field(0.0, ge=0, le=1)
    """Rate that it never goes below, as a fraction of the stage's."""

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the rate."""
        return learning_rate

    def react(self, waited: int, left: float = 1.0) -> float:
        """Return the factor after every `patience` epochs in a row without an improvement, else 1.

        `left` is the rate that there is, as a fraction of the stage's.
        """
        if not waited or waited % self.patience:
            return 1.0
        return min(1.0, max(self.factor, self.lowest / left))
