"""The expanding half of the U-Net (Ronneberger et al. 2015, arXiv:1505.04597)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Head, register
from kerascnn.spec.trace import current_path

_MOMENTUM = 0.9
"""Of the means over batches: segmentation has few pictures, so few steps, in which Keras's 0.99 would lag behind."""


@register("segmenter")
class Segmenter(Head):
    """Say of each pixel which class it belongs to.

    The deepest features are enlarged step by step, and each level is joined on the way. Shapes:
    `{"P0": (n, h, w, c), ..., "P4": (n, h/16, w/16, c)} -> (n, h, w, classes)`, float32 whatever the precision of the
    rest. A level `P<k>` is taken to have 1 / 2**k of the height and width of the backbone's input. Where the finest
    level is not P0, one more step leads to the full size, which then has to be a multiple of that level's stride.
    """

    output: ClassVar[str] = "mask"

    filters: list[Annotated[int, Field(gt=0, le=65_536)]] | None = Field(None, min_length=1, max_length=12)
    """Channels of each step, the deepest first; left out: those of the level that it joins, as in the paper."""
    convolutions: int = Field(2, ge=1, le=8)
    """3 x 3 convolutions of each step."""
    upsampling: Literal["transposed", "bilinear"] = "transposed"
    """How a step enlarges: transposed convolution, which learns how, as in the paper; or bilinear, without weights."""
    batch_norm: bool = True
    """Normalise over the batch between each convolution and its ReLU (arXiv:1502.03167); the paper does not."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the probabilities. Raises BuildError where the backbone names no level, or `filters` are too few."""
        from keras import layers

        levels = self._levels(features)
        deepest, *finer = sorted(levels, reverse=True)
        steps = [*finer, *([0] if min(levels) else [])]
        widths = self.filters or [levels.get(level, levels[min(levels)]).shape[-1] for level in steps]
        if len(widths) != len(steps):
            raise BuildError(
                f"filters has {len(widths)} numbers, and there are {len(steps)} steps from {', '.join(features)} to "
                "the full size; give one for each",
                current_path(),
            )
        x, at = levels[deepest], deepest
        for level, filters in zip(steps, widths, strict=True):
            x = self._enlarged(x, 2 ** (at - level), filters, level)
            if level in levels:
                x = layers.Concatenate(name=f"join{level}")([levels[level], _fitted(x, levels[level], level)])
            x, at = self._refined(x, filters, level), level
        logits = layers.Conv2D(outputs, 1, dtype="float32", name="logits")(x)
        return layers.Activation("softmax", dtype="float32", name="probabilities")(logits)

    def _levels(self, features: Mapping[str, Any]) -> dict[int, Any]:
        """Return the maps by the power of two that is their stride."""
        found = {
            int(name[1:]): y
            for name, y in features.items()
            if name[:1] == "P" and name[1:].isdecimal() and len(y.shape) == 4
        }
        if not found:
            raise BuildError(
                f"segmenter needs maps named after their strides (P1, P2, ...), and the backbone gives "
                f"{', '.join(features)}; use a backbone such as unet_encoder or simple_cnn",
                current_path(),
            )
        return found

    def _enlarged(self, x: Any, factor: int, filters: int, level: int) -> Any:
        from keras import layers

        if self.upsampling == "bilinear":
            return layers.UpSampling2D(factor, interpolation="bilinear", name=f"up{level}")(x)
        return layers.Conv2DTranspose(filters, factor, strides=factor, name=f"up{level}")(x)

    def _refined(self, x: Any, filters: int, level: int) -> Any:
        from keras import layers

        for i in range(1, self.convolutions + 1):
            name = f"step{level}_conv{i}"
            x = layers.Conv2D(filters, 3, padding="same", use_bias=not self.batch_norm, name=name)(x)
            if self.batch_norm:
                x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"step{level}_norm{i}")(x)
            x = layers.Activation("relu", name=f"step{level}_act{i}")(x)
        return x


def _fitted(x: Any, like: Any, level: int) -> Any:
    """Return maps cut or filled at the right and the bottom to the size of a level.

    Halving 15 cells gives 8 where pooling pads and 7 where it does not; both begin at the upper left.
    """
    from keras import layers

    more = [want - have for want, have in zip(like.shape[1:3], x.shape[1:3], strict=True)]
    if min(more) < 0:
        x = layers.Cropping2D([(0, max(0, -one)) for one in more], name=f"cut{level}")(x)
    if max(more) > 0:
        x = layers.ZeroPadding2D([(0, max(0, one)) for one in more], name=f"fill{level}")(x)
    return x
