"""A head that gives numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from kerascnn.heads.pooled import Pooled
from kerascnn.spec import register


@register("regressor")
class Regressor(Pooled):
    """Pool the deepest features, pass them through hidden layers, and give numbers without bounds.

    Shapes: `{..., "P5": (n, h, w, c)} -> (n, values)`, float32 whatever the precision of the rest.
    """

    output: ClassVar[str] = "values"

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the numbers."""
        from keras import layers

        return layers.Dense(outputs, dtype="float32", name="values")(self.hidden_features(features))
