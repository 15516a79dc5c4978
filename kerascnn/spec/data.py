"""What a source finds, and what a model is told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from kerascnn.errors import printable

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Box:
    """A thing in a picture and where it is, in pixels from the picture's upper left corner as it is seen upright."""

    label: str
    """What it is."""
    left: float
    top: float
    right: float
    bottom: float


Scale = Literal["torch", "caffe", "symmetric", "symmetric_128"]
"""A scale of pictures that published weights were trained with: red, green and blue in [0, 1] less the means of
ImageNet, over its standard deviations; blue, green and red in [0, 255] less their means; x / 127.5 - 1; or
x / 128 - 1."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """Weights that were published for a network, trained on ImageNet."""

    builder: str
    """The function of `keras.applications` that knows them. Its weights, in their order, fit the backbone's."""
    scale: Scale
    """The scale of pictures that they were trained with."""
    arguments: Mapping[str, float | bool] = field(default_factory=dict, hash=False)
    """What the function is called with besides: which of the networks that it knows, such as `{"alpha": 0.5}`."""


Target = Path | tuple[Box, ...] | tuple[str, ...] | tuple[float, ...]
"""What a sample is to be answered with, where that is no single class: the file of a mask, the boxes in a picture, all
the classes that it belongs to, or numbers."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of a data set, before it is read."""

    id: str
    """Its name in the data set, the same on every machine: a path relative to the source's folder, or an index."""
    payload: Any
    """Where it is, or what it is: the file of a picture or a sound; a text; an array. Arrays are uint8 or uint16
    `(height, width[, channels])` for pictures and float32 `(length, channels)` for series, NaN where a value is
    missing."""
    label: str = ""
    """The class that it belongs to; empty where `target` says more than one class."""
    split: str | None = None
    """The part that the source itself puts it in ("train", "validation", "test"), where the source has parts."""
    group: str | None = None
    """What it belongs to together with others, such as a patient; a group is never divided between splits."""
    origin: str = ""
    """Where the label was read, for messages: `labels.csv:17`. Empty where the sample's own path says it."""
    target: Target | None = None
    """What it is to be answered with, where that is no single class."""
    time: str = ""
    """When it was made, as a date (ISO 8601) or a number, for splits by time."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What else is known of it, by the name of the column."""


STOPPING = ("unreadable", "duplicate-across-splits", "group-across-splits", "mask-size", "mask-values")
"""The findings that can stop a training; `data.allow` takes their names."""

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that a user should know of the data."""

    id: str
    """Its name, for good: `duplicate-across-splits`. `data.allow` takes it."""
    severity: Severity
    """An error stops a training unless the spec allows it; a warning may make a figure wrong; a note informs."""
    message: str
    """What it is and what to do, in a sentence."""
    samples: tuple[str, ...] = ()
    """The names of the samples (or classes, or groups) that it is about."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return {**asdict(self), "samples": list(self.samples)}

    def __str__(self) -> str:
        shown = ", ".join(map(printable, self.samples[:_SHOWN])) + (", ..." if len(self.samples) > _SHOWN else "")
        return f"{self.message} ({shown})" if shown else self.message


_SHOWN = 5


@dataclass(frozen=True)
class Scan:
    """What a source found."""

    samples: Sequence[Sample]
    labels: Sequence[str]
    """The classes (or the names of the numbers) in the order of the model's outputs; a class may have no sample."""
    notes: Sequence[str] = ()
    """What was left out, in sentences for the user."""
    findings: Sequence[Finding] = ()
    """What is wrong with samples as far as the source alone can tell, such as a box without area."""
    mask_values: Sequence[int] = ()
    """The stored values of masks that mean the classes 0, 1, 2, ..."""


@dataclass(frozen=True)
class DataInfo:
    """What a model is built for. It is the only way in which data reaches a model."""

    shape: tuple[int, ...]
    """Shape of one element as the model takes it, without the batch: (height, width, channels) of a picture, (tokens,)
    of a text, (time steps, channels) of a series, (samples, channels) of a sound."""
    labels: tuple[str, ...]
    """The classes in the order of the model's outputs."""
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Samples of each class in each split: `counts["train"]["cat"]`."""
    mean: tuple[float, ...] | None = None
    """Mean of each channel over the training split, in units of the stored values (0 to 255)."""
    variance: tuple[float, ...] | None = None
    """Variance of each channel over the training split, in the same units squared."""
    vocabulary: int = 0
    """Tokens that are told apart in a text."""
    sample_rate: int = 0
    """Samples a second of a sound."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Samples in each split."""

    @classmethod
    def of(cls, shape: Sequence[int], classes: int) -> DataInfo:
        """Return the info of data that is not there: its shape and its number of classes are enough to build.

        >>> DataInfo.of((28, 28, 1), 10).labels[:2]
        ('class 0', 'class 1')
        """
        return cls(shape=tuple(shape), labels=tuple(f"class {i}" for i in range(classes)))
