"""Convolutions where maps are large, attention where they are small."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.backbones.attention import attend, layer_norm, offsets, whole_numbers, widen
from kerascnn.backbones.blocks import activate, convolve, gate, normalise
from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, register
from kerascnn.spec.trace import current_path

_MOST_PLACES = 4096
_MOMENTUM = 0.9
"""Of the means over batches: on small data an epoch has few steps, in which Keras's 0.99 would lag behind."""


@register("conv_attention")
class ConvAttention(Backbone):
    """Stages of inverted residuals, then stages of transformer blocks, in the manner of CoAtNet (arXiv:2106.04803).

    Each stage but the first halves the maps. In the last ones every place looks at all, with a weight for each offset
    between two places; so weights fit pictures of one size alone. `stem_stride: 2, filters: [64, 96, 192, 384, 768],
    blocks: [2, 2, 3, 5, 2], attention_stages: 2` is near to CoAtNet-0.

    Shapes: `(n, h, w, c) -> {"P1": (n, h/2, w/2, filters[0]), "P2": ..., "P3": ...}`, sizes rounded up.
    """

    filters: list[Annotated[int, Field(gt=0, le=16_384)]] = Field([32, 64, 128], min_length=1, max_length=8)
    """Channels of each stage."""
    blocks: list[Annotated[int, Field(ge=1, le=64)]] = Field([1, 1, 2], min_length=1, max_length=8)
    """Blocks of each stage; those of the first are plain convolutions, the stem."""
    attention_stages: int = Field(1, ge=0, le=8)
    """How many of the stages, the last ones, have attention; 0 leaves the network a CNN, to compare with."""
    head_width: int = Field(32, ge=1, le=512)
    """Channels of each head of attention, a divisor of the filters of the stages that have it."""
    stem_stride: Literal[1, 2] = 2
    """Stride of the first convolution; 1 suits pictures of few pixels, and the stages are P0, P1, ... then."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero behind the dense layers of transformer blocks while training."""

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        if len(self.blocks) != len(self.filters):
            raise PydanticCustomError(
                "conv_attention",
                "has {blocks} numbers in blocks and {filters} in filters; give one of each for every stage",
                {"blocks": len(self.blocks), "filters": len(self.filters)},
            )
        if self.attention_stages >= len(self.filters):
            raise PydanticCustomError(
                "conv_attention",
                "has {stages} stages, of which at most {most} can have attention: the first is the stem",
                {"stages": len(self.filters), "most": len(self.filters) - 1},
            )
        wrong = [wide for wide in self.filters[len(self.filters) - self.attention_stages :] if wide % self.head_width]
        if wrong:
            raise PydanticCustomError(
                "conv_attention",
                "has stages with attention of {filters} filters, which do not divide into heads of {width}; change "
                "filters or head_width",
                {"filters": ", ".join(map(str, wrong)), "width": self.head_width},
            )
        return self

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of each stage. Raises BuildError where maps are too large for attention."""
        first = self.stem_stride - 1
        features = {}
        for stage, (filters, count) in enumerate(zip(self.filters, self.blocks, strict=True)):
            attentive = stage >= len(self.filters) - self.attention_stages
            for block in range(count):
                name = f"stage{stage + 1}_block{block + 1}"
                strides = 2 if stage and block == 0 else 1
                if stage == 0:
                    x = convolve(x, filters, 3, strides=1 if block else self.stem_stride, name=f"{name}_conv")
                    x = activate(_norm(x, name), f"{name}_gelu", "gelu")
                elif attentive:
                    x = self._transform(x, filters, strides, name)
                else:
                    x = _invert(x, filters, strides, name)
            features[f"P{stage + first}"] = x
        deepest = f"P{len(self.filters) - 1 + first}"
        features[deepest] = layer_norm(x, "last_norm")
        return features

    def _transform(self, x: Any, filters: int, strides: int, name: str) -> Any:
        from keras import layers

        y = _halve(layer_norm(x, f"{name}_norm1"), strides, f"{name}_pool1")
        size = y.shape[1:3]
        if size[0] * size[1] > _MOST_PLACES:
            raise BuildError(
                f"attention would compare {size[0]} x {size[1]} places with one another, and {_MOST_PLACES} is the "
                "most; use smaller pictures (data.image_size, model.preprocess.resize), more stages, or fewer "
                "attention_stages",
                current_path(),
            )
        if y.shape[-1] != filters:
            y = layers.Dense(filters, name=f"{name}_enter")(y)
        index, rows = whole_numbers(y, offsets(size, size)), (2 * size[0] - 1) * (2 * size[1] - 1)
        y = attend(y, filters // self.head_width, size, name, index=index, rows=rows)
        x = layers.Add(name=f"{name}_add1")([_shortcut(x, filters, strides, name), y])
        y = widen(layer_norm(x, f"{name}_norm2"), 4 * filters, name, dropout=self.dropout)
        return layers.Add(name=f"{name}_add2")([x, y])


def _invert(x: Any, filters: int, strides: int, name: str) -> Any:
    """Return an inverted residual with a gate (Sandler et al. 2018, arXiv:1801.04381), normalised before it begins."""
    from keras import layers

    y = convolve(_norm(x, f"{name}_begin"), 4 * filters, 1, name=f"{name}_expand")
    y = activate(_norm(y, f"{name}_expand"), f"{name}_gelu1", "gelu")
    y = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise")(y)
    y = activate(_norm(y, f"{name}_depthwise"), f"{name}_gelu2", "gelu")
    y = gate(y, filters // 4, f"{name}_gate", inner="gelu")
    y = convolve(y, filters, 1, name=f"{name}_project", use_bias=True)
    return layers.Add(name=f"{name}_add")([_shortcut(x, filters, strides, name), y])


def _shortcut(x: Any, filters: int, strides: int, name: str) -> Any:
    x = _halve(x, strides, f"{name}_short_pool")
    return x if x.shape[-1] == filters else convolve(x, filters, 1, name=f"{name}_short", use_bias=True)


def _halve(x: Any, strides: int, name: str) -> Any:
    from keras import layers

    return x if strides == 1 else layers.MaxPooling2D(2, padding="same", name=name)(x)


def _norm(x: Any, name: str) -> Any:
    return normalise(x, f"{name}_norm", epsilon=1e-3, momentum=_MOMENTUM)
