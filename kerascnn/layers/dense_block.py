"""The dense block (Huang et al. 2016, arXiv:1608.06993)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.blocks import activate, convolve, normalise, step
from kerascnn.layers.fields import ActivationName, Rate
from kerascnn.spec import Layer, register


@register("dense_block")
class DenseBlock(Layer):
    """Let each of several convolutions see the input and what all those before it made.

    Shapes: `(n, h, w, c) -> (n, h, w, c + layers * growth_rate)`.
    """

    layers: int = Field(6, ge=1, le=64)
    """Number of 3 x 3 convolutions, each behind a normalisation and an activation."""
    growth_rate: int = Field(12, ge=1, le=1024)
    """Channels that each of them adds."""
    bottleneck: int = Field(4, ge=0, le=64)
    """A 1 x 1 convolution narrows to so many times `growth_rate` channels before each; 0 leaves it out."""
    activation: ActivationName = "relu"
    """Function after each normalisation."""
    dropout: Rate = 0.0
    """Fraction of the numbers set to zero after each convolution while training; 0.2 in the paper without other
    augmentation."""

    def apply(self, x: Any) -> Any:
        """Return the input's channels and those that were added."""
        from keras import layers

        for _ in range(self.layers):
            y = activate(normalise(x), self.activation)
            if self.bottleneck:
                y = convolve(y, self.bottleneck * self.growth_rate, 1)
                y = activate(normalise(y), self.activation)
            y = convolve(y, self.growth_rate, 3)
            if self.dropout:
                y = step(layers.Dropout(self.dropout), y)
            x = step(layers.Concatenate(), [x, y])
        return x
