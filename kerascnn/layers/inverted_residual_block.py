"""The block of MobileNet v2 (Sandler et al. 2018, arXiv:1801.04381)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.blocks import ResidualBlock, activate, convolve, join, normalise, step
from kerascnn.layers.fields import ActivationName
from kerascnn.spec import register


@register("inverted_residual_block")
class InvertedResidualBlock(ResidualBlock):
    """Widen by a 1 x 1 convolution, convolve each channel on its own, and narrow to `filters` without activation.

    The input is added where neither channels nor size change.

    Shapes: `(n, h, w, c) -> (n, h / strides, w / strides, filters)`, rounded up.
    """

    activation: ActivationName = "relu6"
    """Function after each normalisation but the last."""
    expansion: int = Field(6, ge=1, le=64)
    """How many times the input's channels there are inside; 1 leaves the widening out."""
    kernel_size: int = Field(3, ge=1, le=31)
    """Height and width of the convolution of each channel, in pixels."""

    def apply(self, x: Any) -> Any:
        """Return the sum, or the narrowed channels alone."""
        from keras import layers

        y = x
        if self.expansion > 1:
            y = activate(normalise(convolve(y, self.expansion * x.shape[-1], 1)), self.activation)
        apart = layers.DepthwiseConv2D(
            self.kernel_size, strides=self.strides, padding="same", use_bias=False, data_format="channels_last"
        )
        y = activate(normalise(step(apart, y)), self.activation)
        y = normalise(convolve(y, self.filters, 1))
        if self.strides > 1 or x.shape[-1] != self.filters:
            return y
        return join(x, y, self.stochastic_depth)
