"""What a source finds, and what a model is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of a data set, before it is read."""

    id: str
    """Its name in the data set, the same on every machine: a path relative to the source's folder, or an index."""
    payload: Path | Any
    """Where it is: a file, or the element itself as an array."""
    label: str
    """The class that it belongs to."""
    split: str | None = None
    """The part that the source itself puts it in ("train", "validation", "test"), where the source has parts."""
    group: str | None = None
    """What it belongs to together with others, such as a patient; a group is never divided between splits."""
    origin: str = ""
    """Where the label was read, for messages: `labels.csv:17`. Empty where the sample's own path says it."""


@dataclass(frozen=True)
class Scan:
    """What a source found."""

    samples: Sequence[Sample]
    labels: Sequence[str]
    """The classes in the order of the model's outputs; a class may have no sample."""
    notes: Sequence[str] = ()
    """What was left out, in sentences for the user."""


@dataclass(frozen=True)
class DataInfo:
    """What a model is built for. It is the only way in which data reaches a model."""

    shape: tuple[int, ...]
    """Shape of one element as the model takes it, without the batch: (height, width, channels) of a picture."""
    labels: tuple[str, ...]
    """The classes in the order of the model's outputs."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Samples of each class in each split: `counts["train"]["cat"]`."""
    mean: tuple[float, ...] | None = None
    """Mean of each channel over the training split, in units of the stored values (0 to 255)."""
    variance: tuple[float, ...] | None = None
    """Variance of each channel over the training split, in the same units squared."""

    @classmethod
    def of(cls, shape: Sequence[int], classes: int) -> DataInfo:
        """Return the info of data that is not there: its shape and its number of classes are enough to build.

        >>> DataInfo.of((28, 28, 1), 10).labels[:2]
        ('class 0', 'class 1')
        """
        return cls(shape=tuple(shape), labels=tuple(f"class {i}" for i in range(classes)))
