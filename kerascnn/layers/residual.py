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
            remedy = _remedy(tuple(x.shape[1:]), tuple(y.shape[1:]))
            raise BuildError(
                f"the body makes {tuple(y.shape[1:])} of {tuple(x.shape[1:])}, the shortcut {tuple(short.shape[1:])}; "
                f"they are added, so their shapes must be equal: change the body's filters, strides or padding{remedy}",
                current_path(),
            )
        return layers.Add()([y, short])


def _remedy(start: tuple[int, ...], end: tuple[int, ...]) -> str:
    """Return the shortcut that leads from one shape to the other, where a convolution of size 1 does."""
    convolution = {1: "dense", 2: "conv1d", 3: "conv2d", 4: "conv3d"}.get(len(start))
    if convolution is None or len(start) != len(end):
        return ""
    if convolution == "dense":
        return f", or put a dense layer in the shortcut: shortcut: [{{type: dense, units: {end[-1]}}}]"
    strides = [
        next((s for s in range(1, a + 1) if -(-a // s) == b), 0) for a, b in zip(start[:-1], end[:-1], strict=True)
    ]
    if not all(strides):
        return ""
    how = f"filters: {end[-1]}, kernel_size: 1"
    if set(strides) != {1}:
        how += f", strides: {strides[0] if len(set(strides)) == 1 else strides}"
    return f", or put a {convolution} in the shortcut: shortcut: [{{type: {convolution}, {how}}}]"
