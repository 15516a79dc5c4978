"""AdaBN: batch normalisation with the statistics of another domain (Li et al. 2016, arXiv:1603.04779)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError, UsageError
from kerascnn.spec import Companion, JoinedStage, Method, register
from kerascnn.spec.companion import Batch


@register("adabn")
class Adabn(Method):
    """Judge and keep the network with statistics of batch normalisation from elements of another domain.

    They need no answers. Training itself goes on undisturbed, with the statistics of its own batches; a validation
    split of its own domain is then judged with those of the other. Frozen normalisation stays as it is.
    `python -m kerascnn_adapt adabn` does the same to a run that is done.
    """

    paths: ClassVar[tuple[str, ...]] = ("source",)
    excludes: ClassVar[frozenset[str]] = frozenset({"swa"})
    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"source": "."},)

    source: str = Field(min_length=1)
    """A file, or the folder of the other domain's pictures (texts, series, sounds); a relative path starts from the
    current folder. Folders in it are looked into as well, and their names mean nothing."""
    most: int = Field(1000, ge=1, le=1_000_000)
    """Elements that are read at the most, evenly over the files in the order of their names."""

    def check(self, stage: JoinedStage) -> None:
        """Look whether there is anything to read."""
        self._files(stage)

    def join(self, stage: JoinedStage) -> Companion:
        """Return what brings the statistics of the other domain."""
        from kerascnn_adapt.statistics import Domain

        return _Adapted(stage, Domain.read(self._files(stage), dict(stage.input), stage.place))

    def _files(self, stage: JoinedStage) -> list[Any]:
        from kerascnn_adapt.statistics import files_in

        try:
            return files_in(self.source, dict(stage.input), self.most)
        except (DataError, UsageError) as error:
            raise DataError(f"{stage.place}.source: {error}") from error


class _Adapted(Companion):
    def __init__(self, stage: JoinedStage, domain: Any):
        from kerascnn_adapt.statistics import Norms

        self.norms, self.domain = Norms(stage.network), domain
        if not len(self.norms):
            raise DataError(f"{stage.place}: the network has no batch normalisation that is trained")

    @contextmanager
    def judged(self, batch: Batch, steps: int) -> Iterator[None]:
        """Let the network have the statistics of the other domain."""
        with self.norms.apart():
            self.norms.put(self.norms.measured(self.domain.batches()))
            yield

    def facts(self, kept: int) -> dict[str, Any]:
        """Return from how many elements which layers have their statistics."""
        return {"elements": len(self.domain), "batch_norms": len(self.norms)}
