"""The block of ResNet-18 and -34 (He et al. 2015, arXiv:1512.03385)."""

from __future__ import annotations

from typing import Any

from kerascnn.layers.blocks import ResidualBlock, activate, convolve, join, normalise
from kerascnn.spec import register


@register("basic_block")
class BasicBlock(ResidualBlock):
    """Add two normalised 3 x 3 convolutions to the input, and activate the sum.

    Where channels or size change, the input goes through a normalised 1 x 1 convolution.

    Shapes: `(n, h, w, c) -> (n, h / strides, w / strides, filters)`, rounded up.
    """

    def apply(self, x: Any) -> Any:
        """Return the activated sum."""
        y = activate(normalise(convolve(x, self.filters, 3, self.strides)), self.activation)
        y = normalise(convolve(y, self.filters, 3))
        if self.strides > 1 or x.shape[-1] != self.filters:
            x = normalise(convolve(x, self.filters, 1, self.strides))
        return activate(join(x, y, self.stochastic_depth), self.activation)
