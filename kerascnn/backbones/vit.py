"""The vision transformer: a picture read as a row of patches."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.backbones.attention import layer_norm, rising, skip_at, table, whole_numbers, widen
from kerascnn.errors import BuildError
from kerascnn.spec import Backbone, register
from kerascnn.spec.trace import current_path


@register("vit")
class ViT(Backbone):
    """Patches as tokens, and blocks in which each looks at all (Dosovitskiy et al. 2020, arXiv:2010.11929).

    The fields as they are make ViT-B/16; ViT-S has `hidden: 384, heads: 6, mlp: 1536`, ViT-L `hidden: 1024, depth: 24,
    heads: 16, mlp: 4096`. Each place has weights of its own, so weights fit pictures of one size alone.

    Shapes: `(n, h, w, c) -> {"P4": (n, h/16, w/16, hidden), "out": (n, hidden)}`; the maps carry the name of their
    stride, and are there for patches of 1, 2, 4, ... pixels.
    """

    patch: int = Field(16, ge=1, le=64)
    """Height and width of a patch in pixels."""
    hidden: int = Field(768, ge=1, le=16_384)
    """Numbers of each token, a multiple of `heads`."""
    depth: int = Field(12, ge=1, le=64)
    """Blocks."""
    heads: int = Field(12, ge=1, le=256)
    """Ways in which a block looks at the tokens at once."""
    mlp: int = Field(3072, ge=1, le=65_536)
    """Units of the hidden layer of a block."""
    pooling: Literal["token", "mean"] = "token"
    """What stands for the whole picture: one more token, as in the paper, or the mean of those of the patches."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero while training, behind the positions and each dense layer; the paper has 0.1
    for training from scratch."""
    stochastic_depth: float = Field(0.0, ge=0, lt=1)
    """Chance at which training leaves the last block out of a sample, rising evenly from 0 at the first
    (arXiv:1603.09382)."""

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.hidden % self.heads:
            raise PydanticCustomError(
                "vit",
                "has hidden {hidden}, which does not divide into {heads} heads; use {near}",
                {"hidden": self.hidden, "heads": self.heads, "near": -(-self.hidden // self.heads) * self.heads},
            )
        return self

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the tokens as maps and as one row. Raises BuildError where patches do not tile the picture."""
        from keras import layers

        self._check_size(x.shape[1:3])
        maps = layers.Conv2D(self.hidden, self.patch, strides=self.patch, name="patches")(x)
        x = self._placed(layers.Reshape((-1, self.hidden), name="tokens")(maps))
        for i, rate in enumerate(rising(self.depth, self.stochastic_depth), 1):
            x = self._block(x, rate, f"block{i}")
        x = layer_norm(x, "last_norm")
        if self.pooling == "token":
            patches, out = x[:, 1:], x[:, 0]
        else:
            patches, out = x, layers.GlobalAveragePooling1D(name="mean")(x)
        features = {"out": out}
        if self.patch.bit_count() == 1:
            level = f"P{self.patch.bit_length() - 1}"
            features = {level: layers.Reshape(tuple(maps.shape[1:]), name="maps")(patches), **features}
        return features

    def _placed(self, x: Any) -> Any:
        """Return the tokens with that of the picture before them, and with what belongs to their places added."""
        from keras import layers, ops

        if self.pooling == "token":
            # A table with a single row: row 0 for each sample of the batch.
            first = table(ops.zeros_like(x[:, :1, 0], dtype="int32"), 1, self.hidden, "class_token", spread=0)
            x = layers.Concatenate(axis=1, name="with_class_token")([first, x])
        count = x.shape[1]
        x = x + table(whole_numbers(x, range(count)), count, self.hidden, "positions")
        return layers.Dropout(self.dropout, name="dropout")(x) if self.dropout else x

    def _block(self, x: Any, rate: float, name: str) -> Any:
        from keras import layers

        attend = layers.MultiHeadAttention(
            self.heads, self.hidden // self.heads, dropout=self.dropout, name=f"{name}_attention"
        )
        y = layer_norm(x, f"{name}_norm1")
        x = layers.Add(name=f"{name}_add1")([x, skip_at(attend(y, y), rate, f"{name}_skip1")])
        y = widen(layer_norm(x, f"{name}_norm2"), self.mlp, name, dropout=self.dropout)
        return layers.Add(name=f"{name}_add2")([x, skip_at(y, rate, f"{name}_skip2")])

    def _check_size(self, size: tuple[int, ...]) -> None:
        if max(size) <= self.patch:
            raise BuildError(
                f"pictures of {size[0]} x {size[1]} pixels are no larger than one patch of {self.patch} x "
                f"{self.patch}, which would have nothing to look at; use a smaller patch or larger pictures "
                "(data.image_size, model.preprocess.resize)",
                current_path(),
            )
        if any(side % self.patch for side in size):
            near = " x ".join(str(max(1, round(side / self.patch)) * self.patch) for side in size)
            raise BuildError(
                f"pictures of {size[0]} x {size[1]} pixels do not divide into patches of {self.patch} x {self.patch}; "
                f"use pictures of {near} (data.image_size, model.preprocess.resize), or another patch",
                current_path(),
            )
