"""What heads have in common that answer once for each element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from kerascnn.spec import Head


class Pooled(Head):
    """Pool the deepest features and pass them through hidden layers."""

    pooling: Literal["avg", "max", "flatten"] = "avg"
    """How maps become one row of numbers: mean or largest value of each channel, or all numbers. Features that are rows
    already are taken as they are."""
    hidden: list[Annotated[int, Field(gt=0, le=65_536)]] = Field([], max_length=16)
    """Units of dense layers between the features and the classes; none by default."""
    activation: Literal["relu", "tanh", "gelu", "silu", "hard_silu", "elu"] = "relu"
    """Function after each hidden layer."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero before each dense layer while training; 0 for none."""

    def hidden_features(self, features: Mapping[str, Any]) -> Any:
        """Return rows of numbers `(n, c)` for the last dense layer."""
        from keras import layers

        x = list(features.values())[-1]
        if len(x.shape) > 2:
            if self.pooling == "flatten":
                x = layers.Flatten(name="flatten")(x)
            else:
                # Over every axis between batch and channels, whatever their number.
                places = layers.Reshape((-1, x.shape[-1]), name="places")(x)
                pool = layers.GlobalAveragePooling1D if self.pooling == "avg" else layers.GlobalMaxPooling1D
                x = pool(name="pool")(places)
        for i, units in enumerate(self.hidden, 1):
            if self.dropout:
                x = layers.Dropout(self.dropout, name=f"dropout{i}")(x)
            x = layers.Dense(units, activation=self.activation, name=f"hidden{i}")(x)
        if self.dropout:
            x = layers.Dropout(self.dropout, name="dropout")(x)
        return x
