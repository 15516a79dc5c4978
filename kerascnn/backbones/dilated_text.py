"""Dilated convolutions over a text, with residual connections."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Backbone, register


@register("dilated_text")
class DilatedText(Backbone):
    """Convolutions that see twice as far with each block, without pooling in between, then one over the whole text.

    Dilated convolutions over words are those of Strubell et al. 2017 (arXiv:1702.02098), the residual blocks, with
    normalisation and activation in front of the convolution, those of ByteNet (Kalchbrenner et al. 2016,
    arXiv:1610.10099). A place where the whole embedding is 0 is padding: it stays 0 in every block and is left out of
    the pooling, so that how far a text is padded changes nothing.

    Shapes: `(n, tokens, c) -> {"out": (n, filters)}`.
    """

    reads: ClassVar[str] = "text"

    filters: int = Field(128, ge=1, le=65_536)
    """Channels of every block."""
    kernel_size: int = Field(3, ge=2, le=64)
    """Tokens that a filter sees at once."""
    dilations: list[Annotated[int, Field(ge=1, le=65_536)]] = Field([1, 2, 4, 8], min_length=1, max_length=64)
    """Distance of the tokens that a filter sees in each block; their number is the number of blocks."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers set to zero in front of each convolution while training; 0 for none."""
    pooling: Literal["max", "avg"] = "max"
    """What is taken of each channel over the text: its largest value, or its mean."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the pooled answers of the last block."""
        from keras import layers, ops

        there = ops.any(ops.not_equal(x, 0), axis=-1, keepdims=True)
        x = layers.Conv1D(self.filters, 1, name="project")(x)
        there = ops.cast(there, x.dtype)
        x = x * there
        for i, dilation in enumerate(self.dilations, 1):
            y = self._ready(x, there, f"block{i}")
            if self.dropout:
                y = layers.Dropout(self.dropout, name=f"block{i}_dropout")(y)
            y = layers.Conv1D(
                self.filters, self.kernel_size, dilation_rate=dilation, padding="same", name=f"block{i}_conv"
            )(y)
            x = layers.Add(name=f"block{i}_add")([x, y * there])
        x = self._ready(x, there, "last")
        if self.pooling == "max":
            return {"out": ops.max(x, axis=1)}  # nothing is below 0
        return {"out": ops.sum(x, axis=1) / ops.maximum(ops.sum(there, axis=1), 1)}

    def _ready(self, x: Any, there: Any, name: str) -> Any:
        """Return the input of a convolution, 0 where there is no text."""
        from keras import layers

        x = layers.LayerNormalization(name=f"{name}_norm")(x)
        return layers.Activation("relu", name=f"{name}_relu")(x) * there
