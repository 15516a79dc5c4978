"""The residual connection (He et al. 2015, arXiv:1512.03385)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Layer, OneOf, register
from kerascnn.spec.compose import compose
from kerascnn.spec.trace import current_path


@register("residual")
class Residual(Layer):
    """Add what a chain of layers makes of its input to the input: `y = body(x) + shortcut(x)`.

    Shapes: `(n, ...) -> (n, ...)`; body and shortcut end in equal shapes.
    """

    body: list[OneOf[Layer]] = Field(min_length=1)
    """The layers, one after another."""
    shortcut: list[OneOf[Layer]] = []
    """What is done to the input on its way round; nothing by default. A 1x1 convolution fits it to a body that changes
    the channels or the size."""

    def apply(self, x: Any) -> Any:
        """Return the sum."""
        from keras import layers

        y = compose(self.body, x, "body")
        short = compose(self.shortcut, x, "shortcut")
        if tuple(y.shape) != tuple(short.shape):
            raise BuildError(
                f"the body makes {tuple(y.shape[1:])} of {tuple(x.shape[1:])}, the shortcut {tuple(short.shape[1:])}; "
                "they are added, so their shapes must be equal: change the body's filters, strides or padding, or put "
                "a conv2d with kernel_size 1 in the shortcut",
                current_path(),
            )
        return layers.Add()([y, short])
