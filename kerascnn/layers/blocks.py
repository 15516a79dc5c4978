"""What the blocks of known networks share."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.fields import ActivationName, Rate
from kerascnn.layers.stochastic_depth import StochasticDepth
from kerascnn.spec import Layer
from kerascnn.spec.trace import count_layer


class ResidualBlock(Layer):
    """A block that adds what it makes of its input to the input."""

    filters: int = Field(gt=0, le=65_536)
    """Number of output channels."""
    strides: int = Field(1, ge=1, le=64)
    """Factor by which height and width shrink."""
    activation: ActivationName = "relu"
    """Function after each normalisation but the last."""
    stochastic_depth: Rate = 0.0
    """Fraction of the elements that skip the block while training (arXiv:1603.09382); 0 for none."""


def step(layer: Any, x: Any) -> Any:
    """Return what a Keras layer makes of `x`, counted among the layers that a network may have."""
    count_layer()
    return layer(x)


def convolve(x: Any, filters: int, size: int, strides: int = 1, groups: int = 1, *, use_bias: bool = False) -> Any:
    """Return a convolution of square kernels, padded."""
    from keras import layers

    layer = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        groups=groups,
        use_bias=use_bias,
        data_format="channels_last",
    )
    return step(layer, x)


def normalise(x: Any) -> Any:
    """Return batch normalisation, as the layer `batch_norm` does it by default."""
    from keras import layers

    return step(layers.BatchNormalization(), x)


def activate(x: Any, function: str) -> Any:
    """Return an activation."""
    from keras import layers

    return step(layers.Activation(function), x)


def join(short: Any, y: Any, stochastic_depth: float) -> Any:
    """Return the sum of the way round and of the body, which is skipped at this rate."""
    from keras import layers

    if stochastic_depth:
        y = StochasticDepth(rate=stochastic_depth).apply(y)
    return step(layers.Add(), [y, short])
