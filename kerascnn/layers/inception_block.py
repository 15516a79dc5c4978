"""The inception block of GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.layers.blocks import activate, convolve, normalise, step
from kerascnn.layers.fields import ActivationName
from kerascnn.spec import Layer, register


@register("inception_block")
class InceptionBlock(Layer):
    """Look at the input at four sizes beside each other: 1 x 1, 3 x 3, 5 x 5, and the largest of 3 x 3.

    The defaults are those of block 3a in the paper's table 1, whose columns the fields are.

    Shapes: `(n, h, w, c) -> (n, h, w, filters_1x1 + filters_3x3 + filters_5x5 + filters_pool)`.
    """

    filters_1x1: int = Field(64, ge=1, le=65_536)
    """Channels of the 1 x 1 convolution."""
    reduce_3x3: int = Field(96, ge=1, le=65_536)
    """Channels of the 1 x 1 convolution before the 3 x 3 one."""
    filters_3x3: int = Field(128, ge=1, le=65_536)
    """Channels of the 3 x 3 convolution."""
    reduce_5x5: int = Field(16, ge=1, le=65_536)
    """Channels of the 1 x 1 convolution before the 5 x 5 one."""
    filters_5x5: int = Field(32, ge=1, le=65_536)
    """Channels of the 5 x 5 convolution."""
    filters_pool: int = Field(32, ge=1, le=65_536)
    """Channels of the 1 x 1 convolution after the pooling."""
    activation: ActivationName = "relu"
    """Function after each convolution."""
    batch_norm: bool = False
    """Normalise over the batch between each convolution and its activation (arXiv:1502.03167); it replaces the bias."""

    def apply(self, x: Any) -> Any:
        """Return the channels of all four."""
        from keras import layers

        pool = layers.MaxPooling2D(3, 1, padding="same", data_format="channels_last")
        ways = [
            self._convolve(x, self.filters_1x1, 1),
            self._convolve(self._convolve(x, self.reduce_3x3, 1), self.filters_3x3, 3),
            self._convolve(self._convolve(x, self.reduce_5x5, 1), self.filters_5x5, 5),
            self._convolve(step(pool, x), self.filters_pool, 1),
        ]
        return step(layers.Concatenate(), ways)

    def _convolve(self, x: Any, filters: int, size: int) -> Any:
        y = convolve(x, filters, size, use_bias=not self.batch_norm)
        return activate(normalise(y) if self.batch_norm else y, self.activation)
