"""Stochastic weight averaging (Izmailov et al. 2018, arXiv:1803.05407)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.spec import Companion, JoinedStage, Method, register
from kerascnn.spec.companion import Batch, at_fraction


@register("swa")
class Swa(Method):
    """Average the weights that the last epochs end with; the average is what is judged and kept from then on.

    Its batch normalisation gets statistics of its own, from training batches. Training itself goes on undisturbed. The
    rate should stay high meanwhile: a constant schedule, in a stage of its own.
    """

    excludes: ClassVar[frozenset[str]] = frozenset({"ema", "pruning"})

    begin: float = Field(0.75, ge=0, lt=1)
    """Part of the stage's epochs after which averaging begins: at the end of the next one."""
    every: int = Field(1, ge=1)
    """Epochs from one model that is averaged to the next."""
    batches: int = Field(100, ge=1)
    """Training batches that the statistics of batch normalisation are computed from, at the most; an epoch of them
    where it has fewer."""

    def models(self, done: int, epochs: int) -> int:
        """Return how many models are averaged after `done` epochs of so many.

        >>> [Swa(begin=0.4, every=2).models(done, 5) for done in range(6)]
        [0, 0, 0, 1, 1, 2]
        """
        late = done - 1 - at_fraction(self.begin, epochs)
        return 0 if late < 0 else 1 + late // self.every

    def join(self, stage: JoinedStage) -> Companion:
        """Return what keeps the average of a stage."""
        return _Average(self, stage)


class _Average(Companion):
    def __init__(self, method: Swa, stage: JoinedStage):
        from kerascnn.nn.statistics import Statistics

        self.method, self.epochs = method, stage.epochs
        self.begins = at_fraction(method.begin, stage.epochs)
        self.weights = list(stage.network.trainable_weights)
        self.means: list[Any] = []
        self.statistics = Statistics(stage.network)
        self._done = 0
        self._found: Any = None
        """The statistics of the average as it is, once they are computed."""

    def equip(self, optimizer: Any) -> None:
        """Add the means of all weights that are trained."""
        from kerascnn.nn.kernels import add_or_share

        self.means = add_or_share(optimizer, self.weights, "mean", self.means)

    def end_epoch(self, epoch: int) -> None:
        """Take the weights into the mean, where it is their turn."""
        from kerascnn.nn.kernels import numbers

        self._done, self._found = epoch + 1, None
        count = self.method.models(epoch + 1, self.epochs)
        if count == self.method.models(epoch, self.epochs):
            return
        for weight, mean in zip(self.weights, self.means, strict=True):
            before, now = numbers(mean), numbers(weight)
            mean.assign(now if count == 1 else before + (now - before) / count)

    @contextmanager
    def judged(self, batch: Batch, steps: int) -> Iterator[None]:
        """Let the network have the means, and statistics that fit them, where averaging has begun."""
        from kerascnn.nn.kernels import numbers

        if not self.method.models(self._done, self.epochs):
            yield
            return
        own = [numbers(weight) for weight in self.weights]
        for weight, mean in zip(self.weights, self.means, strict=True):
            weight.assign(numbers(mean))
        try:
            with self.statistics.apart():
                if self._found is None:
                    self._found = self.statistics.compute(batch, min(steps, self.method.batches))
                self.statistics.put(self._found)
                yield
        finally:
            for weight, value in zip(self.weights, own, strict=True):
                weight.assign(value)

    def facts(self, kept: int) -> dict[str, Any]:
        """Return how many models the stage averaged, and how many the one that is kept is the average of."""
        return {
            "averaged": self.method.models(self._done, self.epochs),
            "averaged_in_kept": self.method.models(kept, self.epochs),
            "batch_norms": len(self.statistics),
        }
