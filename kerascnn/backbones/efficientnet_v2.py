"""EfficientNet v2: full convolutions where they are faster, smaller expansions."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.inverted import Stage, Style, last, nearest_of_8, stages, stem
from kerascnn.spec import Backbone, Pretrained, register


def _full(expansion: int, filters: int, blocks: int, strides: int) -> Stage:
    return Stage(expansion, filters, blocks, strides, fused=True)


def _gated(expansion: int, filters: int, blocks: int, strides: int) -> Stage:
    return Stage(expansion, filters, blocks, strides, gate=4)


_BASE = (
    _full(1, 16, 1, 1),
    _full(4, 32, 2, 2),
    _full(4, 48, 2, 2),
    _gated(4, 96, 3, 2),
    _gated(6, 112, 5, 1),
    _gated(6, 192, 8, 2),
)
# Channels of the stem, factors of channels and of blocks, stages. The paper's table 4 is S.
_VARIANTS: dict[str, tuple[int, float, float, tuple[Stage, ...]]] = {
    "b0": (32, 1.0, 1.0, _BASE),
    "b1": (32, 1.0, 1.1, _BASE),
    "b2": (32, 1.1, 1.2, _BASE),
    "b3": (32, 1.2, 1.4, _BASE),
    "s": (
        24,
        1.0,
        1.0,
        (
            _full(1, 24, 2, 1),
            _full(4, 48, 4, 2),
            _full(4, 64, 4, 2),
            _gated(4, 128, 6, 2),
            _gated(6, 160, 9, 1),
            _gated(6, 256, 15, 2),
        ),
    ),
    "m": (
        24,
        1.0,
        1.0,
        (
            _full(1, 24, 3, 1),
            _full(4, 48, 5, 2),
            _full(4, 80, 5, 2),
            _gated(4, 160, 7, 2),
            _gated(6, 176, 14, 1),
            _gated(6, 304, 18, 2),
            _gated(6, 512, 5, 1),
        ),
    ),
    "l": (
        32,
        1.0,
        1.0,
        (
            _full(1, 32, 4, 1),
            _full(4, 64, 7, 2),
            _full(4, 96, 7, 2),
            _gated(4, 192, 10, 2),
            _gated(6, 224, 19, 1),
            _gated(6, 384, 25, 2),
            _gated(6, 640, 7, 1),
        ),
    ),
}


@register("efficientnet_v2")
class EfficientNetV2(Backbone):
    """EfficientNet v2 (Tan and Le 2021, arXiv:2104.00298): B0 to B3, S, M and L.

    Keras's were trained on pictures of 224, 240, 260 and 300 pixels (B0 to B3), 384 (S) and 480 (M, L).

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    variant: Literal["b0", "b1", "b2", "b3", "s", "m", "l"] = "s"
    """The scale: b0 to b3 are for comparison with the first EfficientNets, s, m and l are the paper's own."""
    drop_connect: float = Field(0.2, ge=0, lt=1)
    """Chance that the deepest blocks are left out for a picture while training; it grows linearly from 0."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights."""
        # Keras's B0 to B3 keep the scale of the first EfficientNets.
        scale: Literal["torch", "symmetric_128"] = "torch" if self.variant.startswith("b") else "symmetric_128"
        return Pretrained(f"EfficientNetV2{self.variant.upper()}", scale)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last map of each stride."""
        style = Style("silu", 0.9, ("silu", "sigmoid"))
        first, width, depth, base = _VARIANTS[self.variant]
        plan = [
            stage._replace(filters=nearest_of_8(width * stage.filters), blocks=math.ceil(depth * stage.blocks))
            for stage in base
        ]
        features = stages(stem(x, nearest_of_8(width * first), style), plan, style, self.drop_connect)
        features["P5"] = last(features["P5"], nearest_of_8(width * 1280), style)
        return features
