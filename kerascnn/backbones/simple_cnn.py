"""A plain convolutional network in blocks, as in every textbook."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kerascnn.spec import Backbone, register
from kerascnn.spec.fields import Pair


@register("simple_cnn")
class SimpleCNN(Backbone):
    """Blocks of convolutions, each followed by 2 x 2 pooling, with optional batch normalisation and dropout.

    Shapes: `(n, h, w, c) -> {"P1": (n, h/2, w/2, filters[0]), "P2": (n, h/4, w/4, filters[1]), ...}`, one a block.
    """

    filters: list[Annotated[int, Field(gt=0, le=65_536)]] = Field([32, 64, 128], min_length=1, max_length=12)
    """Channels of each block; their number is the number of blocks."""
    convolutions: int = Field(1, ge=1, le=16)
    """Convolutions in each block."""
    kernel_size: Pair = (3, 3)
    """Height and width of each kernel, in pixels."""
    activation: Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh"] = "relu"
    """Function after each convolution."""
    pooling: Literal["max", "average"] = "max"
    """How each block halves height and width."""
    batch_norm: bool = False
    """Normalise over the batch between each convolution and its activation (arXiv:1502.03167); it replaces the bias."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero after each block while training; 0 for none."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of each block."""
        from keras import layers

        pool = layers.MaxPooling2D if self.pooling == "max" else layers.AveragePooling2D
        features = {}
        for level, filters in enumerate(self.filters, 1):
            for i in range(1, self.convolutions + 1):
                name = f"block{level}_conv{i}"
                x = layers.Conv2D(filters, self.kernel_size, padding="same", use_bias=not self.batch_norm, name=name)(x)
                if self.batch_norm:
                    x = layers.BatchNormalization(name=f"block{level}_norm{i}")(x)
                x = layers.Activation(self.activation, name=f"block{level}_act{i}")(x)
            x = pool(2, name=f"block{level}_pool")(x)
            if self.dropout:
                x = layers.Dropout(self.dropout, name=f"block{level}_dropout")(x)
            features[f"P{level}"] = x
        return features
