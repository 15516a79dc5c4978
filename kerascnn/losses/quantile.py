"""The loss whose best answer is a quantile."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from kerascnn.spec import DataInfo, Loss, register


@register("quantile")
class Quantile(Loss):
    """Answer with numbers that a given share of the true ones stays below (Koenker, Bassett 1978).

    The pinball loss: the mean of quantile * e where the answer is too small by e, and of (1 - quantile) * e where it is
    too large by e. For forecasts, too. Shapes: targets and answers `(n, values)`.
    """

    outputs: ClassVar[frozenset[str]] = frozenset({"values"})

    quantile: float = Field(0.5, gt=0, lt=1)
    """Share of the true numbers that the answers are to be above: 0.9 is rarely exceeded; 0.5 is the median, with half
    the absolute error as its loss."""

    def make(self, info: DataInfo) -> Any:
        """Return the loss; the data makes no difference."""
        from kerascnn.nn.quantile_loss import QuantileLoss

        return QuantileLoss(self.quantile)
