"""The encoder network for series (Serra et al. 2018, arXiv:1805.03908)."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.backbones.series import Filters, Kernels, SeriesBackbone, check_kernels, convolve, halve
from kerascnn.spec import register

_EPSILON = 1e-3


@register("series_encoder")
class SeriesEncoder(SeriesBackbone):
    """Convolutions with instance normalisation, PReLU and dropout, halved in between, then attention over the steps.

    Half of the last channels are weighed by the other half, softmax over the steps, and summed; a dense layer with a
    sigmoid follows. The instance normalisation has no weights of its own here. Padding behind a series is left out.

    Shapes: `(n, l, c) -> {"out": (n, units)}`.
    """

    filters: Filters = Field([128, 256, 512], min_length=1, max_length=16)
    """Channels of each convolution; the last number is even."""
    kernel_sizes: Kernels = Field([5, 11, 21], min_length=1, max_length=16)
    """Steps that the kernel of each convolution spans."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Fraction of the numbers set to zero after each convolution while training; 0 for none."""
    units: int = Field(256, ge=1, le=65_536)
    """Units of the dense layer."""

    @model_validator(mode="after")
    def _has_kernels(self) -> Self:
        check_kernels("series_encoder", self.filters, self.kernel_sizes)
        if self.filters[-1] % 2:
            raise PydanticCustomError(
                "series_encoder",
                "divides the last channels into halves; filters should end on an even number (got {last})",
                {"last": self.filters[-1]},
            )
        return self

    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""
        seen = 1
        for i, size in enumerate(self.kernel_sizes):
            seen += (size - 1) * 2**i + (2**i if i < len(self.kernel_sizes) - 1 else 0)
        return seen

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of the dense layer."""
        from keras import layers, ops

        from kerascnn.nn.steps import keep, standardise

        there = self.there(x)
        for i, (filters, size) in enumerate(zip(self.filters, self.kernel_sizes, strict=True), 1):
            x = standardise(convolve(x, filters, size, name=f"conv{i}"), there, epsilon=_EPSILON)
            x = layers.PReLU(shared_axes=[1], name=f"prelu{i}")(x)
            if self.dropout:
                x = layers.Dropout(self.dropout, name=f"dropout{i}")(x)
            if i < len(self.filters):
                x, there = halve(x, there, f"pool{i}")
        half = self.filters[-1] // 2
        # float32, in which what is not there can be put far below all that is.
        scores = ops.cast(x[..., half:], "float32")
        scores = ops.where(ops.greater(ops.expand_dims(there, -1), 0), scores, -1e9)
        weights = ops.cast(ops.softmax(scores, axis=1), x.dtype)
        x = ops.sum(ops.multiply(keep(x[..., :half], there), weights), axis=1)
        x = layers.Dense(self.units, activation="sigmoid", name="units")(x)
        return {"out": layers.LayerNormalization(name="units_norm")(x)}
