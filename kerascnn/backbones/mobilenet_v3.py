"""MobileNet v3: inverted residuals with gates, as a search by machine and by hand found them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import Field

from kerascnn.backbones.inverted import Style, inverted, last, rounded, stem
from kerascnn.spec import Backbone, Pretrained, register


class _Row(NamedTuple):
    """A row of the paper's tables 1 and 2."""

    size: int
    expansion: float
    filters: int
    gated: bool
    function: str
    strides: int


_RELU, _HARD = "relu", "hard_silu"
# Keras states expansions as factors, which other widths round differently from the paper's channels.
_ROWS = {
    "small": (
        _Row(3, 1, 16, True, _RELU, 2),
        _Row(3, 72 / 16, 24, False, _RELU, 2),
        _Row(3, 88 / 24, 24, False, _RELU, 1),
        _Row(5, 4, 40, True, _HARD, 2),
        *(_Row(5, 6, 40, True, _HARD, 1),) * 2,
        *(_Row(5, 3, 48, True, _HARD, 1),) * 2,
        _Row(5, 6, 96, True, _HARD, 2),
        *(_Row(5, 6, 96, True, _HARD, 1),) * 2,
    ),
    "large": (
        _Row(3, 1, 16, False, _RELU, 1),
        _Row(3, 4, 24, False, _RELU, 2),
        _Row(3, 3, 24, False, _RELU, 1),
        _Row(5, 3, 40, True, _RELU, 2),
        *(_Row(5, 3, 40, True, _RELU, 1),) * 2,
        _Row(3, 6, 80, False, _HARD, 2),
        _Row(3, 2.5, 80, False, _HARD, 1),
        *(_Row(3, 2.3, 80, False, _HARD, 1),) * 2,
        *(_Row(3, 6, 112, True, _HARD, 1),) * 2,
        _Row(5, 6, 160, True, _HARD, 2),
        *(_Row(5, 6, 160, True, _HARD, 1),) * 2,
    ),
}


@register("mobilenet_v3")
class MobileNetV3(Backbone):
    """MobileNet v3 (Howard et al. 2019, arXiv:1905.02244), with hard forms of swish and sigmoid.

    The paper widens the pooled features once more before the classifier: that is the head's `hidden: [1280]` (1024 for
    `size: small`) with `activation: hard_silu`.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    size: Literal["small", "large"] = "large"
    """Which of the paper's two networks."""
    width: float = Field(1.0, ge=0.1, le=4)
    """Factor of all channels but the stem's (the paper's multiplier). There are `imagenet` weights for 1 and, but for
    `minimalistic`, for 0.75."""
    minimalistic: bool = False
    """Do without gates, hard swish and kernels of 5 x 5, which some accelerators are slow at."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights at width 1, and at 0.75 with all of the paper's parts."""
        if self.width != 1 and (self.width != 0.75 or self.minimalistic):
            return None
        arguments: dict[str, float | bool] = {} if self.width == 1 else {"alpha": float(self.width)}
        arguments |= {"minimalistic": True} if self.minimalistic else {}
        return Pretrained(f"MobileNetV3{self.size.capitalize()}", "symmetric", arguments)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last map of each stride."""
        outer = self._style(_HARD)
        x = stem(x, 16, outer)
        features = {"P1": x}
        level = 1
        for number, row in enumerate(_ROWS[self.size]):
            level += row.strides == 2
            hidden = rounded(x.shape[-1] * row.expansion)
            x = inverted(
                x,
                rounded(row.filters * self.width),
                hidden,
                name=f"block{number}",
                style=self._style(row.function),
                size=3 if self.minimalistic else row.size,
                strides=row.strides,
                gated=rounded(hidden / 4) if row.gated and not self.minimalistic else 0,
            )
            features[f"P{level}"] = x
        features["P5"] = last(x, rounded(6 * x.shape[-1]), outer)
        return features

    def _style(self, function: str) -> Style:
        return Style(_RELU if self.minimalistic else function, 0.999, ("relu", "hard_sigmoid"))
