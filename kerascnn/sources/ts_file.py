"""Series in the .ts format of the UCR, UEA and TSER archives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import place
from kerascnn.sources.series import NumberError, series_findings, to_numbers
from kerascnn.sources.texts import TextError, read_text
from kerascnn.spec import Sample, Scan, Source, register

if TYPE_CHECKING:
    import numpy as np


@register("ts_file")
class TsFile(Source):
    """Series from .ts files (Bagnall et al. 2018, arXiv:1811.00075): a header, then a series a line.

    Channels are divided by colons, values by commas, and the label stands last. `?` is a missing value. Series may have
    different lengths; time stamps are not read.
    """

    gives: ClassVar[str] = "series"
    paths: ClassVar[tuple[str, ...]] = ("path", "test_path")

    path: str
    """The .ts file; a relative path starts from the folder that the command runs in."""
    test_path: str | None = None
    """The .ts file with the test split, as the archives have one; left out: `data.split` divides the series."""
    target_kind: Literal["class", "value"] = "class"
    """What stands behind each series: its class (the header says @classLabel), or a number to be predicted (the header
    says @targetlabel)."""

    @property
    def target(self) -> str:
        """What its samples are answered with: "class" or "values"."""
        return "class" if self.target_kind == "class" else "values"

    def scan(self) -> Scan:
        """Return every series. Raises DataError with every line that does not fit the header."""
        file = place(self.path, "data.source.path", folder=False)
        if self.test_path is None:
            parts: list[tuple[str | None, Path]] = [(None, file)]
        else:
            parts = [("train", file), ("test", place(self.test_path, "data.source.test_path", folder=False))]
        samples: list[Sample] = []
        classes: list[str] = []
        for split, name in parts:
            header, lines = _read(name)
            self._check_target(name, header)
            stray = [label for label in header.classes if label not in classes]
            if samples and stray:
                raise DataError(f"{name}: has the classes {', '.join(stray)}, which {file} does not have")
            classes = classes or header.classes
            found = self._samples(name, header, lines, split)
            channels = found[0].payload.shape[1]
            if samples and samples[0].payload.shape[1] != channels:
                raise DataError(f"{name}: has {channels} channels; {file} has {samples[0].payload.shape[1]}")
            samples += found
        return Scan(samples, classes if self.target_kind == "class" else ["value"], (), series_findings(samples))

    def _check_target(self, file: Path, header: _Header) -> None:
        if header.kind is None:
            raise DataError(f"{file}: its header has neither '@classLabel true ...' nor '@targetlabel true'")
        if header.kind != self.target_kind:
            holds = "classes" if header.kind == "class" else "numbers to be predicted"
            raise DataError(f"{file}: holds {holds}; say so with data.source.target_kind: {header.kind}")

    def _samples(self, file: Path, header: _Header, lines: list[tuple[int, str]], split: str | None) -> list[Sample]:
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        channels = header.channels
        for line, text in lines:
            where = f"{file}:{line}"
            *dimensions, label = text.split(":")
            label = label.strip()
            series, reason = _series(dimensions, header, channels)
            target = None
            if not reason and self.target_kind == "value":
                target, reason = _target(label)
            elif not reason and label not in header.classes:
                reason = f"has the label '{label}', which the header does not name"
            if reason:
                wrong.append((where, reason))
                continue
            channels = channels or len(dimensions)
            name = f"{split}/{len(samples):06d}" if split else f"{len(samples):06d}"
            samples.append(Sample(name, series, label if target is None else "", split, origin=where, target=target))
        if wrong:
            raise DataError(f"{counted(len(wrong), 'line', 'lines')} of {file} cannot be used", wrong)
        return samples


@dataclass
class _Header:
    """What the lines above @data say, as far as it is used."""

    kind: str | None = None
    classes: list[str] = field(default_factory=list)
    channels: int | None = None
    length: int | None = None


def _read(file: Path) -> tuple[_Header, list[tuple[int, str]]]:
    """Return the header and the lines of data with their numbers. Raises DataError."""
    try:
        text, _ = read_text(file, "auto")
    except TextError as error:
        raise DataError(f"{file}: {error}") from None
    words: dict[str, list[str]] = {}
    lines = enumerate(text.replace("\r\n", "\n").split("\n"), 1)
    for number, line in lines:
        first, *rest = line.split() or [""]
        key = first.lower()
        if key == "@data":
            break
        if key.startswith("@"):
            words[key] = rest
        elif key and not key.startswith(("#", "%")):
            raise DataError(f"{file}:{number}: stands above @data and is no line of a header, which begins with @")
    else:
        raise DataError(f"{file}: has no line @data; it is no .ts file")
    data = [(number, line) for number, line in lines if line.strip() and not line.startswith(("#", "%"))]
    if not data:
        raise DataError(f"{file}: has no series below @data")
    return _header(file, words), data


def _header(file: Path, words: dict[str, list[str]]) -> _Header:
    def says(key: str) -> bool:
        return [word.lower() for word in words.get(key, [])[:1]] == ["true"]

    def number(key: str) -> int | None:
        if key not in words:
            return None
        text = " ".join(words[key])
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
            raise DataError(f"{file}: its header says {key} {text}; a whole number above 0 should stand there")
        return int(text)

    if says("@timestamps"):
        raise DataError(f"{file}: has time stamps (@timeStamps true), which are not read; write the values alone")
    header = _Header(channels=1 if says("@univariate") else number("@dimensions"))
    if says("@equallength"):
        header.length = number("@serieslength")
    if says("@classlabel"):
        header.kind, header.classes = "class", list(dict.fromkeys(words["@classlabel"][1:]))
        if not header.classes:
            raise DataError(f"{file}: its header names no class behind @classLabel true")
    elif says("@targetlabel"):
        header.kind = "value"
    return header


def _series(dimensions: list[str], header: _Header, channels: int | None) -> tuple[np.ndarray | None, str]:
    """Return a series `(length, channels)`, or the reason why a line is none."""
    import numpy as np

    if not dimensions:
        return None, "has no colon before a label"
    if len(dimensions) != (channels or len(dimensions)):
        return None, f"has {counted(len(dimensions), 'channel', 'channels')}; it should have {channels}"
    columns = []
    for i, dimension in enumerate(dimensions, 1):
        if "(" in dimension:
            return None, "has time stamps, which are not read; write the values alone"
        try:
            columns.append(to_numbers(dimension.split(",")))
        except NumberError as error:
            return None, f"{error} (value {error.index + 1} of channel {i})"
    lengths = sorted({len(column) for column in columns})
    if len(lengths) > 1:
        return None, f"has channels of different lengths, from {lengths[0]} to {lengths[-1]}"
    if lengths[0] != (header.length or lengths[0]):
        return None, f"has {counted(lengths[0], 'value', 'values')}; the header says @seriesLength {header.length}"
    return np.stack(columns, axis=1), ""


def _target(text: str) -> tuple[tuple[float, ...] | None, str]:
    """Return the number to be predicted, or the reason why a text is none."""
    import math

    try:
        value = float(text.replace("_", "?"))
    except ValueError:
        value = math.nan
    return ((value,), "") if math.isfinite(value) else (None, f"has the target '{text}', which is no number")
