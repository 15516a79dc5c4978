"""The same layers several times."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.spec import Layer, OneOf, register
from kerascnn.spec.compose import compose


@register("repeat")
class Repeat(Layer):
    """Apply a chain of layers several times, each time with weights of its own.

    Shapes: `(n, ...) -> (n, ...)`, those of the chain applied `times` times.
    """

    times: int = Field(ge=1, le=1000)
    """How often."""
    body: list[OneOf[Layer]] = Field(min_length=1)
    """The layers, one after another."""

    def apply(self, x: Any) -> Any:
        """Return what the last pass makes."""
        for _ in range(self.times):
            x = compose(self.body, x, "body")
        return x
