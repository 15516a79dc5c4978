"""Series of numbers: padded to one length with NaN, which the model itself takes for missing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from kerascnn.engine.media.base import Elements, Form, Raw
from kerascnn.engine.progress import Progress
from kerascnn.errors import DataError, counted
from kerascnn.spec import Sample, Spec


class SeriesError(Exception):
    """A series cannot be read; the text is the reason."""


@dataclass(frozen=True)
class SeriesForm(Form):
    """How a series becomes the model's input."""

    medium: ClassVar[str] = "series"

    length: int
    """Time steps; a longer series is cut at its end, a shorter one is padded with NaN behind it."""
    channels: int
    window: bool = False
    """Whether it is a window that a forecast follows: of a longer one the last steps count, and none is padded."""

    def read(self, payloads: Sequence[Any]) -> list[Raw | Exception]:
        """Return float32 `(length, channels)` of every series, or why it cannot be read."""
        found: list[Raw | Exception] = []
        for payload in payloads:
            try:
                array = _checked(payload)
                if array.shape[1] != self.channels:
                    raise SeriesError(f"has {array.shape[1]} channels; the model takes {self.channels}")
                self.check(array)
                found.append(Raw(self.fit(array), _digest(array)))
            except SeriesError as error:
                found.append(error)
        return found

    def check(self, array: np.ndarray) -> None:
        """Raise SeriesError where a forecast cannot follow this series: one with fewer steps than a window."""
        if self.window and len(array) < self.length:
            steps = counted(len(array), "time step", "time steps")
            raise SeriesError(f"has {steps}; a forecast needs the last {self.length}")

    def fit(self, array: np.ndarray) -> np.ndarray:
        """Return the series at this form's length."""
        fitted = np.full((self.length, self.channels), np.nan, "float32")
        kept = array[-self.length :] if self.window else array[: self.length]
        fitted[: len(kept)] = kept
        return fitted

    @classmethod
    def restore(cls, facts: dict[str, Any]) -> Self:
        """Return the form that `spell` gave."""
        return cls(**facts)


class Series(Elements):
    """The series of a data set, in memory."""

    noun: ClassVar[str] = "series"
    plural: ClassVar[str] = "series"

    def __init__(self, arrays: list[np.ndarray | None], facts: list[dict[str, Any]], form: SeriesForm):
        self.facts, self.form = facts, form
        empty = np.zeros((0, form.channels), "float32")
        self.all = np.stack([form.fit(empty if array is None else array) for array in arrays])

    @property
    def shape(self) -> tuple[int, ...]:
        """Time steps and channels."""
        return self.form.length, self.form.channels

    @classmethod
    def read(cls, samples: Sequence[Sample], spec: Spec, progress: Progress, *, keep: bool = True) -> Self:
        """Check every series. They agree on their channels; the model is as long as the longest."""
        arrays: list[np.ndarray | None] = []
        facts: list[dict[str, Any]] = []
        with progress.count("reading series", len(samples)) as seen:
            for sample in samples:
                seen()
                try:
                    array = _checked(sample.payload)
                except SeriesError as error:
                    arrays.append(None)
                    facts.append({"reason": str(error)})
                    continue
                arrays.append(array)
                missing = int(np.isnan(array).sum())
                facts.append(
                    {"sha256": _digest(array), "length": len(array), **({"missing": missing} if missing else {})}
                )
        found = [array for array in arrays if array is not None]
        channels = Counter(array.shape[1] for array in found)
        if len(channels) > 1:
            said = ", ".join(f"{count} with {number}" for number, count in channels.most_common(3))
            raise DataError(f"the series have different numbers of channels: {said}")
        length = spec.data.length or max((len(array) for array in found), default=1)
        form = SeriesForm(length, next(iter(channels), 1), window=spec.data.source.target == "forecast")
        for i, one in enumerate(arrays):
            try:
                if one is not None:
                    form.check(one)
            except SeriesError as error:
                arrays[i], facts[i] = None, {"reason": str(error)}
        return cls(arrays, facts, form)

    def learn(self, train: np.ndarray) -> None:
        """Learn nothing: each series is normalised by itself, inside the model."""

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return float32 `(n, length, channels)`, NaN where there is nothing."""
        return self.all[indices]


def _checked(payload: Any) -> np.ndarray:
    try:
        array = np.asarray(payload)
    except ValueError:
        raise SeriesError("is no array of numbers; a series is (length, channels)") from None
    if array.dtype.kind not in "fiu":
        raise SeriesError(f"is an array of {array.dtype}; a series is numbers")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is reported below
        array = array.astype("float32")
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not array.size:
        raise SeriesError(f"has the shape {array.shape}; a series is (length, channels)")
    if np.isinf(array).any():
        raise SeriesError("holds infinite numbers")
    if np.isnan(array).all():
        raise SeriesError("holds no number, all are missing")
    return array


def _digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
