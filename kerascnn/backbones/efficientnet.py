"""EfficientNet: depth, width and resolution scaled together."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.inverted import Stage, Style, last, rounded, stages, stem
from kerascnn.spec import Backbone, Pretrained, register

STAGES = (
    Stage(1, 16, 1, 1, 3, 4),
    Stage(6, 24, 2, 2, 3, 4),
    Stage(6, 40, 2, 2, 5, 4),
    Stage(6, 80, 3, 2, 3, 4),
    Stage(6, 112, 3, 1, 5, 4),
    Stage(6, 192, 4, 2, 5, 4),
    Stage(6, 320, 1, 1, 3, 4),
)
"""Table 1 of the paper."""
SCALES = {
    "b0": (1.0, 1.0),
    "b1": (1.0, 1.1),
    "b2": (1.1, 1.2),
    "b3": (1.2, 1.4),
    "b4": (1.4, 1.8),
    "b5": (1.6, 2.2),
    "b6": (1.8, 2.6),
    "b7": (2.0, 3.1),
}
"""Factors of channels and of blocks."""


@register("efficientnet")
class EfficientNet(Backbone):
    """EfficientNet B0 to B7: one network at eight scales (Tan and Le 2019, arXiv:1905.11946).

    They were trained on pictures of 224, 240, 260, 300, 380, 456, 528 and 600 pixels, with a dropout of 0.2, 0.2, 0.3,
    0.3, 0.4, 0.4, 0.5 and 0.5 before the classifier, which is the head's.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    variant: Literal["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"] = "b0"
    """The scale; each costs about twice as much as the one before it."""
    drop_connect: float = Field(0.2, ge=0, lt=1)
    """Chance that the deepest blocks are left out for a picture while training; it grows linearly from 0."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights."""
        return Pretrained(f"EfficientNet{self.variant.upper()}", "torch")

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last map of each stride."""
        style = Style("silu", gates=("silu", "sigmoid"))
        width, depth = SCALES[self.variant]
        plan = [
            stage._replace(filters=rounded(width * stage.filters), blocks=math.ceil(depth * stage.blocks))
            for stage in STAGES
        ]
        features = stages(stem(x, rounded(width * 32), style), plan, style, self.drop_connect)
        features["P5"] = last(features["P5"], rounded(width * 1280), style)
        return features
