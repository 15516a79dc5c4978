"""What the media have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from kerascnn.engine.progress import Progress
from kerascnn.spec import DataInfo, Sample, Spec


@dataclass(frozen=True)
class Raw:
    """One element as the model takes it, with what it was made from."""

    array: np.ndarray
    sha256: str
    size: tuple[int, int] | None = None
    """Height and width of a picture before it was brought to the model's input."""


@dataclass(frozen=True)
class Form(ABC):
    """How a raw element becomes the model's input. `input.json` of a run holds it, so that serving cannot differ."""

    medium: ClassVar[str]

    @abstractmethod
    def read(self, payloads: Sequence[Any]) -> list[Raw | Exception]:
        """Return every element, or the reason why it cannot be read in its place, in order."""

    def spell(self) -> dict[str, Any]:
        """Return the form as plain data."""
        return {"medium": self.medium, **asdict(self)}

    @classmethod
    @abstractmethod
    def restore(cls, facts: dict[str, Any]) -> Self:
        """Return the form that `spell` gave, without its medium."""


class Elements(ABC):
    """The elements of a data set: read once, then taken in any order."""

    noun: ClassVar[str]
    """What one of them is called, in the singular."""
    plural: ClassVar[str]
    """What several of them are called."""
    facts: list[dict[str, Any]]
    """What is known of each element, for the run's manifest; `reason` stands where it cannot be read."""
    form: Any
    """The `Form` that the elements are in."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of one element as the model takes it."""

    @property
    def where(self) -> str:
        """Where they are kept, for the user."""
        return "held in memory"

    @classmethod
    @abstractmethod
    def read(cls, samples: Sequence[Sample], spec: Spec, progress: Progress, *, keep: bool = True) -> Self:
        """Read every sample once. `keep` is false where only the facts are wanted.

        Raises DataError for what concerns them all; a single bad one has its reason in `facts`.
        """

    @abstractmethod
    def learn(self, train: np.ndarray) -> None:
        """Settle what depends on the training samples alone, such as a vocabulary or a mean."""

    @abstractmethod
    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return a batch by the numbers of its samples. Raises DataError where a file has gone since the check."""

    def describe(self, info: DataInfo) -> DataInfo:
        """Return the info with what these elements add to it."""
        return info


def name_of(sample: Sample) -> str:
    """Return what a user knows a sample by: its file, or its name in the set, with where its label stands."""
    name = str(sample.payload) if isinstance(sample.payload, Path) else sample.id
    return f"{name} ({sample.origin})" if sample.origin else name
