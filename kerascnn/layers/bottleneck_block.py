"""The block of ResNet-50 and deeper, and of ResNeXt (arXiv:1512.03385, arXiv:1611.05431)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.layers.blocks import ResidualBlock, activate, convolve, join, normalise
from kerascnn.spec import register
from kerascnn.spec.trace import current_path


@register("bottleneck_block")
class BottleneckBlock(ResidualBlock):
    """Add normalised convolutions of 1 x 1, 3 x 3 and 1 x 1 to the input, and activate the sum.

    The first two have `filters` / `reduction` channels; the first has the stride, as in the paper. Where channels or
    size change, the input goes through a normalised 1 x 1 convolution.

    Shapes: `(n, h, w, c) -> (n, h / strides, w / strides, filters)`, rounded up.
    """

    reduction: int = Field(4, ge=1, le=64)
    """How many times fewer channels the 3 x 3 convolution has; 4 in ResNet, 2 in ResNeXt."""
    groups: int = Field(1, ge=1)
    """Groups of channels that the 3 x 3 convolution keeps apart; 32 in ResNeXt."""

    def apply(self, x: Any) -> Any:
        """Return the activated sum."""
        if self.filters % (self.reduction * self.groups):
            raise BuildError(
                f"{self.filters} filters cannot be divided by reduction {self.reduction} and groups {self.groups}; "
                f"take a multiple of {self.reduction * self.groups}",
                current_path(),
            )
        inner = self.filters // self.reduction
        y = activate(normalise(convolve(x, inner, 1, self.strides)), self.activation)
        y = activate(normalise(convolve(y, inner, 3, groups=self.groups)), self.activation)
        y = normalise(convolve(y, self.filters, 1))
        if self.strides > 1 or x.shape[-1] != self.filters:
            x = normalise(convolve(x, self.filters, 1, self.strides))
        return activate(join(x, y, self.stochastic_depth), self.activation)
