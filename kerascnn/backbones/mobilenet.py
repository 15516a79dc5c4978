"""MobileNets: each channel convolved on its own, then mixed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.blocks import convolve
from kerascnn.backbones.inverted import Stage, Style, last, rounded, settle, stages, stem
from kerascnn.spec import Backbone, Pretrained, register

_V1 = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
# Table 2 of the paper.
_V2 = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)
# The widths that keras.applications has weights for.
_PUBLISHED = {1: (0.25, 0.5, 0.75, 1), 2: (0.35, 0.5, 0.75, 1, 1.3, 1.4)}


@register("mobilenet")
class MobileNet(Backbone):
    """MobileNet v1 (Howard et al. 2017, arXiv:1704.04861) and v2, with inverted residuals (arXiv:1801.04381).

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    version: Literal[1, 2] = 2
    """1 is a chain of depthwise separable convolutions, 2 has inverted residuals with linear bottlenecks."""
    width: float = Field(1.0, ge=0.1, le=4)
    """Factor of all channels (the paper's alpha). There are `imagenet` weights for 0.25, 0.5, 0.75 and 1 of version 1,
    and for 0.35, 0.5, 0.75, 1, 1.3 and 1.4 of version 2."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights at the widths that Keras publishes: 0.25 to 1 of v1, 0.35 to 1.4 of v2."""
        if self.width not in _PUBLISHED[self.version]:
            return None
        arguments = {} if self.width == 1 else {"alpha": float(self.width)}
        return Pretrained("MobileNet" if self.version == 1 else "MobileNetV2", "symmetric", arguments)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last map of each stride."""
        return self._separable(x) if self.version == 1 else self._inverted(x)

    def _separable(self, x: Any) -> dict[str, Any]:
        style = Style("relu6")
        x = stem(x, int(32 * self.width), style)
        features = {"P1": x}
        level = 1
        for i, (filters, strides) in enumerate(_V1, 1):
            level += strides == 2
            x = settle(_depthwise(x, strides, f"block{i}_depthwise"), f"block{i}_depthwise", style)
            x = settle(convolve(x, int(filters * self.width), 1, name=f"block{i}_conv"), f"block{i}", style)
            features[f"P{level}"] = x
        return features

    def _inverted(self, x: Any) -> dict[str, Any]:
        style = Style("relu6", 0.999)
        plan = [stage._replace(filters=rounded(stage.filters * self.width)) for stage in _V2]
        features = stages(stem(x, rounded(32 * self.width), style), plan, style)
        features["P5"] = last(features["P5"], max(1280, rounded(1280 * self.width)), style)
        return features


def _depthwise(x: Any, strides: int, name: str) -> Any:
    """Return a depthwise convolution that pads a stride of 2 after the last row and column alone."""
    from keras import layers

    if strides > 1:
        x = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")(x)
    padding = "valid" if strides > 1 else "same"
    return layers.DepthwiseConv2D(3, strides=strides, padding=padding, use_bias=False, name=name)(x)
