"""A learning rate that does not move."""

from __future__ import annotations

from typing import Any

from kerascnn.spec import Schedule, register


@register("constant")
class Constant(Schedule):
    """Keep the stage's learning rate throughout."""

    def make(self, learning_rate: float, steps: int) -> Any:
        """Return the rate."""
        return learning_rate
