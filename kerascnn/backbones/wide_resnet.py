"""Wide residual networks: fewer layers with more channels."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, register

_EPSILON = 1e-5


@register("wide_resnet")
class WideResNet(Backbone):
    """Three stages of blocks that normalise before they convolve (Zagoruyko and Komodakis 2016, arXiv:1605.07146).

    For pictures of about 32 x 32. WRN-28-10 of the paper is `{depth: 28, width: 10}`, with 36.5 million weights. Sizes
    that are odd are rounded up.

    Shapes: `(n, h, w, c) -> {"P0": (n, h, w, 16 width), "P1": (n, h/2, w/2, 32 width),
    "P2": (n, h/4, w/4, 64 width)}`.
    """

    depth: int = Field(28, ge=10, le=1000)
    """Convolutions, those of the three shortcuts among them: 6 n + 4 for n blocks in each stage."""
    width: int = Field(10, ge=1, le=64)
    """Factor of the 16, 32 and 64 channels of the three stages."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero between the two convolutions of a block while training; the paper has 0 or
    0.3."""

    @field_validator("depth")
    @classmethod
    def _is_of_whole_blocks(cls, value: int) -> int:
        if value % 6 != 4:
            low = (value - 4) // 6 * 6 + 4
            raise PydanticCustomError(
                "depth",
                "should be 6 n + 4 for n blocks in each stage, such as {low} or {high}",
                {"low": low, "high": low + 6},
            )
        return value

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the three stages; the last one normalised and activated."""
        x = convolve(x, 16, 3, name="stem_conv")
        features = {}
        for stage in range(3):
            for block in range(1, (self.depth - 4) // 6 + 1):
                strides = 2 if stage and block == 1 else 1
                x = self._block(x, 16 * 2**stage * self.width, strides, f"stage{stage + 1}_block{block}")
            features[f"P{stage}"] = x
        features["P2"] = _activate(x, "last")
        return features

    def _block(self, x: Any, filters: int, strides: int, name: str) -> Any:
        from keras import layers

        y = _activate(x, f"{name}_act1")
        if strides > 1 or x.shape[-1] != filters:
            # What is activated goes into the shortcut's convolution as well, as in the authors' code.
            x = convolve(y, filters, 1, strides=strides, name=f"{name}_short")
        y = convolve(y, filters, 3, strides=strides, name=f"{name}_conv1", symmetric=True)
        y = _activate(y, f"{name}_act2")
        if self.dropout:
            y = layers.Dropout(self.dropout, name=f"{name}_dropout")(y)
        y = convolve(y, filters, 3, name=f"{name}_conv2")
        return layers.Add(name=f"{name}_add")([x, y])


def _activate(x: Any, name: str) -> Any:
    return activate(normalise(x, f"{name}_norm", epsilon=_EPSILON), f"{name}_relu")
