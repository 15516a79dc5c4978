"""The block of ResNet v2 (He et al. 2016, arXiv:1603.05027)."""

from __future__ import annotations

from typing import Any

from kerascnn.layers.blocks import ResidualBlock, activate, convolve, join, normalise
from kerascnn.spec import register


@register("preactivation_block")
class PreactivationBlock(ResidualBlock):
    """Add two 3 x 3 convolutions, each behind a normalisation and an activation, to the input.

    Nothing stands on the sum, so that a chain of them wants a batch_norm and an activation at its end. Where channels
    or size change, a 1 x 1 convolution of the first activation takes the place of the input.

    Shapes: `(n, h, w, c) -> (n, h / strides, w / strides, filters)`, rounded up.
    """

    def apply(self, x: Any) -> Any:
        """Return the sum."""
        y = activate(normalise(x), self.activation)
        if self.strides > 1 or x.shape[-1] != self.filters:
            x = convolve(y, self.filters, 1, self.strides)
        y = convolve(y, self.filters, 3, self.strides)
        y = convolve(activate(normalise(y), self.activation), self.filters, 3)
        return join(x, y, self.stochastic_depth)
