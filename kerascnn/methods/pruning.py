"""Gradual magnitude pruning (Zhu and Gupta 2017, arXiv:1710.01878)."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.spec import Companion, JoinedStage, Method, register
from kerascnn.spec.companion import at_fraction


@register("pruning")
class Pruning(Method):
    """Set the smallest weights of each kernel to zero, more of them from epoch to epoch, and train the others on.

    The share of zeros rises from `initial` to `sparsity` by s = sparsity + (initial - sparsity) (1 - t)^3 while t goes
    from 0 at `begin` to 1 at `end`. Which weights are zero is decided anew before each of these epochs; in between they
    stay exactly 0. Kernels that are frozen, biases, normalisation and tables (of positions, of words) stay whole. Only
    models of the final sparsity are kept in the end. The saved model holds the zeros, and is as large as before.
    """

    last: ClassVar[bool] = True
    excludes: ClassVar[frozenset[str]] = frozenset({"ema", "swa"})

    sparsity: float = Field(0.8, gt=0, lt=1)
    """Share of zeros in each kernel in the end."""
    initial: float = Field(0.0, ge=0, lt=1)
    """Share of zeros that it begins with."""
    begin: float = Field(0.0, ge=0, le=1)
    """Part of the stage's epochs after which it begins."""
    end: float = Field(0.5, ge=0, le=1)
    """Part of the stage's epochs after which the final share is reached; the others are trained with it."""
    spare_last: bool = False
    """Leave the last layer of the head whole."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for low, high in (("begin", "end"), ("initial", "sparsity")):
            if getattr(self, low) > getattr(self, high):
                raise PydanticCustomError(
                    "pruning",
                    "has {low} {a} and {high} {b}; {low} should not be above {high}",
                    {"low": low, "high": high, "a": getattr(self, low), "b": getattr(self, high)},
                )
        return self

    def at(self, epoch: int, epochs: int) -> float:
        """Return the share of zeros in an epoch, counted from 0, of so many.

        >>> [round(Pruning(end=0.75).at(epoch, 4), 4) for epoch in range(4)]
        [0.0, 0.563, 0.7704, 0.8]
        """
        first, last = at_fraction(self.begin, epochs), at_fraction(self.end, epochs)
        if epoch < first:
            return 0.0
        left = 1 - (epoch - first) / (last - first) if epoch < last else 0.0
        return self.sparsity + (self.initial - self.sparsity) * left**3

    def join(self, stage: JoinedStage) -> Companion:
        """Return what keeps the masks of a stage's kernels."""
        return _Masks(self, stage)


class _Masks(Companion):
    def __init__(self, method: Pruning, stage: JoinedStage):
        from kerascnn.nn.kernels import kernels_of

        self.method, self.epochs, self.network = method, stage.epochs, stage.network
        self.names = stage.names or {}
        self.begins = at_fraction(method.end, stage.epochs)
        self.kernels = kernels_of(stage.network, spare_last=method.spare_last)
        self.masks: list[Any] = []
        self._constraints = [kernel.constraint for kernel in self.kernels]

    def equip(self, optimizer: Any) -> None:
        """Add the masks, and let the constraint of each kernel multiply with its own."""
        from kerascnn.nn.kernels import Masked, add_or_share

        self.masks = add_or_share(optimizer, self.kernels, "mask", self.masks, initializer="ones")
        for kernel, mask, own in zip(self.kernels, self.masks, self._constraints, strict=True):
            kernel.constraint = Masked(mask, own)

    def begin_epoch(self, epoch: int) -> None:
        """Let the smallest weights be zero, as many as the epoch wants; those that were stay so, as nothing is less."""
        from kerascnn.nn.kernels import largest, numbers

        share = self.method.at(epoch, self.epochs)
        for kernel, mask in zip(self.kernels, self.masks, strict=True):
            values = numbers(kernel)
            kept = largest(values, share)
            mask.assign(kept)
            kernel.assign(values * kept)

    def leave(self) -> None:
        """Give the kernels their own constraints back."""
        for kernel, own in zip(self.kernels, self._constraints, strict=True):
            kernel.constraint = own

    def facts(self, kept: int) -> dict[str, Any]:
        """Return the share of zeros that was asked for and is there, and how many parameters are not pruned."""
        from kerascnn.nn.kernels import zeros

        found = {
            self.names.get(id(kernel), kernel.path): (zeros(kernel), math.prod(kernel.shape)) for kernel in self.kernels
        }
        lost, size = sum(zero for zero, _ in found.values()), sum(of for _, of in found.values())
        return {
            "asked": self.method.sparsity,
            "sparsity": round(lost / max(1, size), 6),
            "parameters": self.network.count_params(),
            "nonzero_parameters": self.network.count_params() - lost,
            "kernels": {path: round(zero / of, 6) for path, (zero, of) in found.items()},
        }
