"""ConvNeXt: a residual network with what transformers have taught."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kerascnn.backbones.attention import layer_norm, rising, scale_channels, skip_at, widen
from kerascnn.spec import Backbone, Pretrained, register

_SIZES = {
    "tiny": (96, (3, 3, 9, 3)),
    "small": (96, (3, 3, 27, 3)),
    "base": (128, (3, 3, 27, 3)),
    "large": (192, (3, 3, 27, 3)),
    "xlarge": (256, (3, 3, 27, 3)),
}
_SCALE = 1e-6


@register("convnext")
class ConvNeXt(Backbone):
    """Four stages of 7 x 7 depthwise convolutions and wide dense layers (Liu et al. 2022, arXiv:2201.03545).

    Shapes: `(n, h, w, c) -> {"P2": ..., "P5": ...}` at strides 4 to 32, and `"out"` with `norm: pooled`.
    """

    size: Literal["tiny", "small", "base", "large", "xlarge"] = "tiny"
    """The paper's size: channels and blocks of the stages."""
    channels: int | None = Field(None, ge=1, le=4096)
    """Channels of the first stage, which double with each; left out: those of the size."""
    blocks: list[Annotated[int, Field(ge=1, le=64)]] | None = Field(None, min_length=4, max_length=4)
    """Blocks of the four stages; left out: those of the size."""
    norm: Literal["maps", "pooled"] = "maps"
    """Where the last normalisation stands: on the deepest maps, for heads of any kind; or behind their means, as in the
    paper's classifier, which gives rows of numbers `(n, c)` under "out" and is for heads that answer once for each
    picture."""
    stochastic_depth: float = Field(0.0, ge=0, lt=1)
    """Chance at which training leaves the last block out of a sample, rising evenly from 0 at the first
    (arXiv:1603.09382); the paper has 0.1 for tiny to 0.5 for large."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights where channels and blocks are those of the size.

        Kernels of depthwise convolutions are `(7, 7, 1, c)` there and `(7, 7, c, 1)` here: the same numbers in the same
        order.
        """
        if self.channels not in (None, _SIZES[self.size][0]):
            return None
        if self.blocks is not None and tuple(self.blocks) != _SIZES[self.size][1]:
            return None
        return Pretrained(f"ConvNeXt{'XLarge' if self.size == 'xlarge' else self.size.title()}", "torch")

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the four stages, the last one normalised."""
        from keras import layers

        channels = self.channels or _SIZES[self.size][0]
        counts = self.blocks or _SIZES[self.size][1]
        rates = iter(rising(sum(counts), self.stochastic_depth))
        features = {}
        for stage, count in enumerate(counts):
            if stage == 0:
                x = layers.Conv2D(channels, 4, strides=4, name="stem_conv")(x)
                x = layer_norm(x, "stem_norm")
            else:
                x = layer_norm(x, f"stage{stage + 1}_down_norm")
                x = layers.Conv2D(channels * 2**stage, 2, strides=2, name=f"stage{stage + 1}_down_conv")(x)
            for block in range(count):
                x = _block(x, next(rates), f"stage{stage + 1}_block{block + 1}")
            features[f"P{stage + 2}"] = x
        if self.norm == "maps":
            features["P5"] = layer_norm(x, "last_norm")
        else:
            features["out"] = layer_norm(layers.GlobalAveragePooling2D(name="last_pool")(x), "last_norm")
        return features


def _block(x: Any, rate: float, name: str) -> Any:
    from keras import layers

    y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise")(x)
    y = widen(layer_norm(y, f"{name}_norm"), 4 * x.shape[-1], name)
    y = skip_at(scale_channels(y, _SCALE, f"{name}_scale"), rate, f"{name}_skip")
    return layers.Add(name=f"{name}_add")([x, y])
