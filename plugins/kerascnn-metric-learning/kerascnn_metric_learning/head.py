"""The head that answers with vectors of length 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Head, register


@register("embedding")
class Embedding(Head):
    """Turn the deepest features into a vector of length 1; `a @ b` is the likeness of two of them, -1 to 1.

    How many numbers it has says the task. Shapes: `{..., "P5": (n, h, w, c)} -> (n, length)`, float32 whatever the
    precision of the rest.
    """

    output: ClassVar[str] = "vectors"

    pooling: Literal["avg", "max", "flatten"] = "avg"
    """How maps become one row of numbers: mean or largest value of each channel, or all numbers, as ArcFace does.
    Features that are rows already are taken as they are."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of these numbers set to zero while training; 0 for none."""
    batch_norm: bool = False
    """Normalise each number of the vector over the batch before its length is made 1, as ArcFace does."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the vectors."""
        from keras import layers

        x = list(features.values())[-1]
        if len(x.shape) > 2 and self.pooling == "flatten":
            x = layers.Flatten(name="flatten")(x)
        elif len(x.shape) > 2:
            places = layers.Reshape((-1, x.shape[-1]), name="places")(x)
            pool = layers.GlobalAveragePooling1D if self.pooling == "avg" else layers.GlobalMaxPooling1D
            x = pool(name="pool")(places)
        if self.dropout:
            x = layers.Dropout(self.dropout, name="dropout")(x)
        x = layers.Dense(outputs, use_bias=not self.batch_norm, dtype="float32", name="projection")(x)
        if self.batch_norm:
            x = layers.BatchNormalization(dtype="float32", name="spread")(x)
        return layers.UnitNormalization(dtype="float32", name="vector")(x)
