"""Residual networks for photographs: ResNet, ResNet v2, ResNeXt and SE-ResNet."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.backbones.blocks import activate, convolve, gate, normalise
from kerascnn.spec import Backbone, Pretrained, register

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


@register("resnet")
class ResNet(Backbone):
    """Four stages of blocks with shortcuts (He et al. 2015, arXiv:1512.03385).

    Depths 18 and 34 have blocks of two 3 x 3 convolutions, the others bottlenecks of 1 x 1, 3 x 3 and 1 x 1, with the
    stride in the first as in the paper, or with `stride_in: 3x3` in the second (ResNet v1.5, as in torchvision).
    `version: 2` normalises before it convolves (He et al. 2016, arXiv:1603.05027), with the stride in the last block of
    a stage as in Keras's. `groups: 32` with `group_width: 4` is ResNeXt-50 32x4d (Xie et al. 2016, arXiv:1611.05431),
    `squeeze_excite: 16` is SE-ResNet (Hu et al. 2017, arXiv:1709.01507).

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    depth: Literal[18, 34, 50, 101, 152] = 50
    """Layers with weights, the last one being that of the head."""
    version: Literal[1, 2] = 1
    """1 normalises after each convolution, 2 before (from depth 50 on)."""
    groups: int = Field(1, ge=1, le=64)
    """Groups of channels that the 3 x 3 convolutions of bottlenecks keep apart (version 1)."""
    group_width: int = Field(64, ge=1, le=512)
    """Channels of each group in the first stage; it doubles with each stage."""
    squeeze_excite: int | None = Field(None, ge=1, le=64)
    """Channels for each one of the gate that reweights them at the end of a block; left out: no gate."""
    stride_in: Literal["1x1", "3x3"] = "1x1"
    """The convolution of a bottleneck that has its stride: the first as in the paper and in Keras's published weights,
    or the 3 x 3, which leaves no place out and takes 6% more multiply-adds at depth 50 (version 1 from depth 50
    on)."""

    @model_validator(mode="after")
    def _is_of_the_papers(self) -> Self:
        plain = self.groups == 1 and self.group_width == 64
        if (self.depth < 50 or self.version == 2) and not plain:
            raise PydanticCustomError(
                "resnet", "has groups only in version 1 from depth 50 on: blocks with bottlenecks"
            )
        if self.version == 2 and (self.depth < 50 or self.squeeze_excite):
            raise PydanticCustomError("resnet", "has a version 2 only from depth 50 on, and without squeeze_excite")
        if self.stride_in == "3x3" and (self.depth < 50 or self.version == 2):
            raise PydanticCustomError(
                "resnet",
                "has stride_in: 3x3 only in version 1 from depth 50 on; the other blocks have their stride in a 3 x 3 "
                "convolution anyway",
            )
        return self

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights from depth 50 on, for networks without groups and gates and with Keras's strides.

        Keras's convolutions of version 1 have a bias, which the mean of the normalisation behind them takes over.
        """
        if self.depth < 50 or self.groups > 1 or self.group_width != 64 or self.squeeze_excite:
            return None
        if self.stride_in == "3x3":
            return None
        if self.version == 2:
            return Pretrained(f"ResNet{self.depth}V2", "symmetric")
        return Pretrained(f"ResNet{self.depth}", "caffe")

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the stem and the four stages; of version 2, what stands before the stride at a stage's end."""
        from keras import layers

        x = layers.ZeroPadding2D(3, name="stem_pad")(x)
        x = convolve(x, 64, 7, strides=2, padding="valid", name="stem_conv", use_bias=self.version == 2)
        if self.version == 1:
            x = activate(normalise(x, "stem_norm"), "stem_relu")
        features = {"P1": x}
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)
        x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)
        for stage, blocks in enumerate(_BLOCKS[self.depth]):
            for block in range(blocks):
                if self.version == 2 and block == blocks - 1:
                    features[f"P{stage + 2}"] = x
                x = self._block(x, 64 * 2**stage, stage, block, blocks)
            if self.version == 1:
                features[f"P{stage + 2}"] = x
        if self.version == 2:
            features["P5"] = activate(normalise(x, "last_norm"), "last_relu")
        return features

    def _block(self, x: Any, filters: int, stage: int, block: int, blocks: int) -> Any:
        name = f"stage{stage + 2}_block{block + 1}"
        if self.version == 2:
            strides = 2 if block == blocks - 1 and stage < 3 else 1
            return self._bottleneck_v2(x, filters, strides, name, first=block == 0)
        strides = 2 if block == 0 and stage > 0 else 1
        body = self._basic if self.depth < 50 else self._bottleneck
        y = body(x, filters, strides, name)
        if self.squeeze_excite:
            y = gate(y, y.shape[-1] // self.squeeze_excite, name)
        if strides > 1 or x.shape[-1] != y.shape[-1]:
            x = normalise(convolve(x, y.shape[-1], 1, strides=strides, name=f"{name}_short"), f"{name}_short_norm")
        return self._join(x, y, name)

    def _basic(self, x: Any, filters: int, strides: int, name: str) -> Any:
        y = convolve(x, filters, 3, strides=strides, name=f"{name}_conv1", symmetric=True)
        y = activate(normalise(y, f"{name}_norm1"), f"{name}_relu1")
        return normalise(convolve(y, filters, 3, name=f"{name}_conv2"), f"{name}_norm2")

    def _bottleneck(self, x: Any, filters: int, strides: int, name: str) -> Any:
        inner = self.groups * self.group_width * filters // 64
        first, second = (strides, 1) if self.stride_in == "1x1" else (1, strides)
        y = convolve(x, inner, 1, strides=first, name=f"{name}_conv1")
        y = activate(normalise(y, f"{name}_norm1"), f"{name}_relu1")
        y = convolve(y, inner, 3, strides=second, groups=self.groups, name=f"{name}_conv2", symmetric=True)
        y = activate(normalise(y, f"{name}_norm2"), f"{name}_relu2")
        return normalise(convolve(y, 4 * filters, 1, name=f"{name}_conv3"), f"{name}_norm3")

    def _bottleneck_v2(self, x: Any, filters: int, strides: int, name: str, *, first: bool) -> Any:
        from keras import layers

        y = activate(normalise(x, f"{name}_norm0"), f"{name}_relu0")
        if first:
            x = convolve(y, 4 * filters, 1, strides=strides, name=f"{name}_short", use_bias=True)
        elif strides > 1:
            x = layers.MaxPooling2D(1, strides, name=f"{name}_short")(x)
        y = convolve(y, filters, 1, name=f"{name}_conv1")
        y = activate(normalise(y, f"{name}_norm1"), f"{name}_relu1")
        y = convolve(y, filters, 3, strides=strides, name=f"{name}_conv2", symmetric=True)
        y = activate(normalise(y, f"{name}_norm2"), f"{name}_relu2")
        y = convolve(y, 4 * filters, 1, name=f"{name}_conv3", use_bias=True)
        return layers.Add(name=f"{name}_add")([x, y])

    def _join(self, x: Any, y: Any, name: str) -> Any:
        from keras import layers

        return activate(layers.Add(name=f"{name}_add")([x, y]), f"{name}_out")
