"""A backbone spelled out layer by layer in the spec."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from kerascnn.spec import Backbone, Layer, OneOf, register
from kerascnn.spec.compose import compose


@register("layers")
class Layers(Backbone):
    """A chain of layers, for pictures, texts, series or sounds.

    Shapes: `(n, h, w, c) -> {"out": what the last layer gives}`.
    """

    reads: ClassVar[str] = "any"

    layers: list[OneOf[Layer]] = Field(min_length=1)
    """The layers, one after another."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of the last layer."""
        return {"out": compose(self.layers, x, "layers")}
