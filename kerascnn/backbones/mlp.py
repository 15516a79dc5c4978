"""A fully connected network, which knows nothing of neighbours: the baseline that a convolutional one has to beat."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kerascnn.spec import Backbone, register


@register("mlp")
class MLP(Backbone):
    """All pixels in one row, then dense layers with optional batch normalisation and dropout.

    Every unit has a weight for every pixel, so that the weights grow with the size of the pictures, and a model fits
    one size only.

    Shapes: `(n, h, w, c) -> {"out": (n, hidden[-1])}`.
    """

    hidden: list[Annotated[int, Field(gt=0, le=65_536)]] = Field([512, 256], min_length=1, max_length=32)
    """Units of each layer; their number is the number of layers."""
    activation: Literal["relu", "tanh", "sigmoid", "gelu", "silu", "elu"] = "relu"
    """Function after each layer."""
    batch_norm: bool = False
    """Normalise over the batch between each layer and its activation (arXiv:1502.03167); it replaces the bias."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero after each layer while training; 0 for none."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of the last layer."""
        from keras import layers

        x = layers.Flatten(name="flatten")(x)
        for i, units in enumerate(self.hidden, 1):
            x = layers.Dense(units, use_bias=not self.batch_norm, name=f"hidden{i}")(x)
            if self.batch_norm:
                x = layers.BatchNormalization(name=f"hidden{i}_norm")(x)
            x = layers.Activation(self.activation, name=f"hidden{i}_act")(x)
            if self.dropout:
                x = layers.Dropout(self.dropout, name=f"hidden{i}_dropout")(x)
        return {"out": x}
