"""Poly-1: cross-entropy whose first term counts more, or less."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from kerascnn.spec import DataInfo, Loss, register


@register("poly")
class Poly(Loss):
    """Add `epsilon` * (1 - p) to the cross-entropy, where p is the probability of the right class.

    Poly-1 of PolyLoss (Leng et al. 2022, arXiv:2204.12511): the cross-entropy is a series in (1 - p), and its first
    term then counts 1 + epsilon times. Where classes are mixed each has its share. Shapes: targets and answers
    `(n, classes)`.
    """

    outputs: ClassVar[frozenset[str]] = frozenset({"classes"})

    epsilon: float = Field(1.0, ge=-1, le=100)
    """What the first term counts more; 0 is the cross-entropy. The paper has 2 for ImageNet."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    """Share of each target that is spread over all classes (Szegedy et al. 2015, arXiv:1512.00567)."""

    def make(self, info: DataInfo) -> Any:
        """Return the loss; the data makes no difference."""
        from kerascnn.nn.poly_loss import PolyLoss

        return PolyLoss(self.epsilon, self.label_smoothing)
