"""EfficientNet-Lite: EfficientNet for phones and small accelerators."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.efficientnet import SCALES, STAGES
from kerascnn.backbones.inverted import Style, last, rounded, stages, stem
from kerascnn.spec import Backbone, register


@register("efficientnet_lite")
class EfficientNetLite(Backbone):
    """EfficientNet without gates, with ReLU6, and with a stem and an end that no scale widens or lengthens.

    So does the README of `models/official/efficientnet/lite` in the repository tensorflow/tpu (2020) describe it, after
    Tan and Le 2019 (arXiv:1905.11946). They were trained on pictures of 224, 240, 260, 280 and 300 pixels, with a
    dropout of 0.2, 0.2, 0.3, 0.3 and 0.3 before the classifier, which is the head's.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    variant: Literal["lite0", "lite1", "lite2", "lite3", "lite4"] = "lite0"
    """The scale."""
    drop_connect: float = Field(0.2, ge=0, lt=1)
    """Chance that the deepest blocks are left out for a picture while training; it grows linearly from 0."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last map of each stride."""
        style = Style("relu6")
        width, depth = SCALES[self.variant.replace("lite", "b")]
        plan = [stage._replace(filters=rounded(width * stage.filters), gate=0) for stage in STAGES]
        # The first and the last stage stay as long as they are.
        plan[1:-1] = [stage._replace(blocks=math.ceil(depth * stage.blocks)) for stage in plan[1:-1]]
        features = stages(stem(x, 32, style), plan, style, self.drop_connect)
        features["P5"] = last(features["P5"], 1280, style)
        return features
