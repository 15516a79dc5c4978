"""What formats share that can hold weights, or activations too, of fewer bits."""

from __future__ import annotations

from pydantic import Field

from kerascnn.spec import Exporter


class FewerBits(Exporter):
    """Write a model as it is, or with fewer bits; then the figure that counts is compared on the validation split."""

    quantize: str = "none"
    samples: int = Field(128, ge=1, le=10_000)
    """Training samples that tell the ranges of int8."""
    largest_drop: float = Field(0.01, ge=0, le=1)
    """By how much the figure that counts may become worse with fewer bits: 0.01 is a point of accuracy."""

    @property
    def variant(self) -> str:
        """What becomes of the weights, or nothing."""
        return "" if self.quantize == "none" else self.quantize

    @property
    def representative(self) -> int:
        """As many as `samples` for int8."""
        return self.samples if self.quantize == "int8" else 0

    @property
    def limit(self) -> float | None:
        """The largest drop where there are fewer bits."""
        return None if self.quantize == "none" else self.largest_drop
