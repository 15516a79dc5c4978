"""The block of ConvNeXt (Liu et al. 2022, arXiv:2201.03545)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.blocks import join, step
from kerascnn.layers.fields import Rate
from kerascnn.spec import Layer, register


@register("convnext_block")
class ConvNeXtBlock(Layer):
    """Convolve each channel on its own, normalise each place, and let two dense layers mix its channels; add the input.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`.
    """

    kernel_size: int = Field(7, ge=1, le=63)
    """Height and width of the convolution, in pixels; 7 in the paper."""
    expansion: int = Field(4, ge=1, le=64)
    """How many times the channels there are between the two dense layers."""
    layer_scale: float = Field(1e-6, ge=0, le=1)
    """What a learned factor of each channel of the body begins with; 0 leaves the factors out."""
    stochastic_depth: Rate = 0.0
    """Fraction of the elements that skip the block while training (arXiv:1603.09382); 0 for none."""

    def apply(self, x: Any) -> Any:
        """Return the sum."""
        from keras import initializers, layers

        channels = x.shape[-1]
        y = step(layers.DepthwiseConv2D(self.kernel_size, padding="same", data_format="channels_last"), x)
        y = step(layers.LayerNormalization(epsilon=1e-6), y)
        y = step(layers.Dense(self.expansion * channels, activation="gelu"), y)
        y = step(layers.Dense(channels), y)
        if self.layer_scale:
            start = initializers.Constant(self.layer_scale)
            # Every axis by a letter: Keras 3.15 announces those that "..." stands for in the wrong order.
            scale = layers.EinsumDense("nhwc,c->nhwc", output_shape=tuple(y.shape[1:]), kernel_initializer=start)
            y = step(scale, y)
        return join(x, y, self.stochastic_depth)
