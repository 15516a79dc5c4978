"""MobileNets: each channel convolved on its own, then mixed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, register

_V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
# Expansion, channels, blocks, stride of the first: table 2 of the paper.
_V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
_EPSILON = 1e-3


@register("mobilenet")
class MobileNet(Backbone):
    """MobileNet v1 (Howard et al. 2017, arXiv:1704.04861) and v2, with inverted residuals (arXiv:1801.04381).

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    version: Literal[1, 2] = 2
    """1 is a chain of depthwise separable convolutions, 2 has inverted residuals with linear bottlenecks."""
    width: float = Field(1.0, ge=0.1, le=4)
    """Factor of all channels (the paper's alpha)."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last map of each stride."""
        x = convolve(x, self._wide(32), 3, strides=2, name="stem_conv")
        x = self._act(x, "stem")
        found = {1: x}
        stride = 1
        if self.version == 1:
            for i, (filters, strides) in enumerate(_V1, 1):
                stride += strides == 2
                x = self._act(depthwise(x, strides, f"block{i}_depthwise", behind=True), f"block{i}_depthwise")
                x = self._act(convolve(x, self._wide(filters), 1, name=f"block{i}_conv"), f"block{i}")
                found[stride] = x
        else:
            number = 0
            for expansion, filters, count, first in _V2:
                stride += first == 2
                for i in range(count):
                    x = self._inverted(x, expansion, self._wide(filters), first if i == 0 else 1, f"block{number}")
                    number += 1
                found[stride] = x
            last = max(1280, self._wide(1280)) if self.width > 1 else 1280
            found[stride] = self._act(convolve(x, last, 1, name="last_conv"), "last")
        return {f"P{level}": y for level, y in found.items()}

    def _inverted(self, x: Any, expansion: int, filters: int, strides: int, name: str) -> Any:
        from keras import layers

        y = x
        if expansion > 1:
            y = self._act(convolve(y, expansion * x.shape[-1], 1, name=f"{name}_expand"), f"{name}_expand")
        y = self._act(depthwise(y, strides, f"{name}_depthwise"), f"{name}_depthwise")
        y = self._norm(convolve(y, filters, 1, name=f"{name}_project"), f"{name}_project")
        if strides == 1 and x.shape[-1] == filters:
            return layers.Add(name=f"{name}_add")([x, y])
        return y

    def _wide(self, filters: int) -> int:
        """Return the channels at this width: in version 2 a multiple of 8, never less than nine tenths."""
        if self.version == 1:
            return int(filters * self.width)
        rounded = max(8, int(filters * self.width + 4) // 8 * 8)
        return rounded + 8 if rounded < 0.9 * filters * self.width else rounded

    def _norm(self, x: Any, name: str) -> Any:
        return normalise(x, f"{name}_norm", epsilon=_EPSILON, momentum=0.99 if self.version == 1 else 0.999)

    def _act(self, x: Any, name: str) -> Any:
        return activate(self._norm(x, name), f"{name}_relu", "relu6")


def depthwise(x: Any, strides: int, name: str, size: int = 3, *, behind: bool = False) -> Any:
    """Return a depthwise convolution that pads a stride of 2 as Keras's own networks do.

    `behind` pads after the last row and column alone, whatever the size: so does version 1.
    """
    from keras import layers

    if strides > 1:
        margins = [(0 if behind else size // 2 - (1 - side % 2), size // 2) for side in x.shape[1:3]]
        x = layers.ZeroPadding2D(margins, name=f"{name}_pad")(x)
    padding = "valid" if strides > 1 else "same"
    return layers.DepthwiseConv2D(size, strides=strides, padding=padding, use_bias=False, name=name)(x)
