"""A layer of convolutions of several widths over a text, and the largest answer of each."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Backbone, register


@register("text_cnn")
class TextCNN(Backbone):
    """Convolutions of several widths side by side, each pooled over the whole text (Kim 2014, arXiv:1408.5882).

    The head of the paper is `{type: classifier, dropout: 0.5, max_norm: 3}`. A text is seen with zeros on both sides,
    as in the paper's program, so that its first and last words stand at every place of a filter, and there is always a
    window of nothing but padding: how far a text is padded changes nothing.

    Shapes: `(n, tokens, c) -> {"out": (n, filters x kernel sizes)}`.
    """

    reads: ClassVar[str] = "text"

    kernel_sizes: list[Annotated[int, Field(ge=1, le=1024)]] = Field([3, 4, 5], min_length=1, max_length=32)
    """Tokens that the filters of each convolution see at once; their number is the number of convolutions."""
    filters: int = Field(100, ge=1, le=65_536)
    """Filters of each convolution."""
    activation: Literal["relu", "tanh", "gelu", "silu", "elu"] = "relu"
    """Function after each convolution."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Fraction of the numbers of the embedding set to zero while training, each token's by themselves; 0 for none. The
    paper's own dropout is that of the head."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the largest answer of each filter."""
        from keras import layers

        if self.dropout:
            x = layers.Dropout(self.dropout, name="dropout")(x)
        largest = []
        for i, size in enumerate(self.kernel_sizes, 1):
            # One more behind the end than the filter needs: the window that sees padding alone.
            y = layers.ZeroPadding1D((size - 1, size), name=f"pad{i}")(x)
            y = layers.Conv1D(self.filters, size, activation=self.activation, name=f"conv{i}")(y)
            largest.append(layers.GlobalMaxPooling1D(name=f"pool{i}")(y))
        return {"out": layers.Concatenate(name="concatenate")(largest) if len(largest) > 1 else largest[0]}
