"""Splits that somebody made before: a file with the split or the fold of each sample, or a list for each split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import SPLIT_NAMES, place
from kerascnn.sources.tables import csv_rows
from kerascnn.spec import Sample
from kerascnn.spec.section import nearest
from kerascnn.spec.spec import Split, SplitLists

_ID_COLUMNS = ("id", "path", "file", "name")


@dataclass(frozen=True)
class Assigned:
    """What files say of the samples."""

    parts: dict[str, str]
    """The split of a sample by its id."""
    folds: dict[str, int]
    """The fold of a sample by its id."""
    hashes: dict[str, str]
    """The content that a sample had when the file was written, by its id."""
    left_out: list[str]
    """Samples that no list names, or that the file lacks and may lack."""


def read_assignment(samples: Sequence[Sample], split: Split, may_lack: Set[str] = frozenset()) -> Assigned:
    """Return what `data.split.file` and `data.split.lists` say. Raises DataError with every line that is wrong.

    The file has a row for every sample, but for those that it may lack.
    """
    if split.lists is not None:
        return _read_lists(samples, split.lists)
    if split.file is not None:
        file = place(split.file, "data.split.file", folder=False)
        return _read_table(samples, file, may_lack, folds=split.folds is not None)
    return Assigned({}, {}, {}, [])


class _Names:
    """Finds samples by their id, the name of their file, or its stem."""

    def __init__(self, samples: Sequence[Sample]):
        self.ids = {sample.id for sample in samples}
        self.short: dict[str, list[str]] = defaultdict(list)
        for sample in samples:
            path = PurePosixPath(sample.id)
            for name in {path.name, path.stem}:
                self.short[name].append(sample.id)

    def find(self, name: str) -> tuple[str | None, str]:
        """Return the id of the sample that is meant, or None and the reason."""
        if name in self.ids:
            return name, ""
        found = self.short.get(name, [])
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"names {name}, which {len(found)} samples are called, such as {found[0]} and {found[1]}"
        near = nearest(name, list(self.short)) if len(self.short) <= 2000 else None
        return None, f"names {name}, which is no sample" + (f"; did you mean {near}?" if near else "")


def _read_lists(samples: Sequence[Sample], lists: SplitLists) -> Assigned:
    names = _Names(samples)
    parts: dict[str, str] = {}
    first: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    for part in ("train", "validation", "test"):
        value = getattr(lists, part)
        if value is None:
            continue
        file = place(value, f"data.split.lists.{part}", folder=False)
        for number, line in enumerate(_text(file).splitlines(), 1):
            words = line.split()
            if not words:
                continue
            where = f"{file}:{number}"
            # A name may hold spaces; then nothing stands behind it.
            name, reason = names.find(line.strip())
            if name is None:
                name, reason = names.find(words[0])
            if name is None:
                wrong.append((where, reason))
            elif name in parts:
                wrong.append((where, f"names {name} a second time; the first is {first[name]}"))
            else:
                parts[name], first[name] = part, where
    if wrong:
        raise DataError(f"{counted(len(wrong), 'line', 'lines')} of data.split.lists cannot be used", wrong)
    return Assigned(parts, {}, {}, [sample.id for sample in samples if sample.id not in parts])


def _read_table(samples: Sequence[Sample], file: Path, may_lack: Set[str], *, folds: bool) -> Assigned:
    rows = csv_rows(file, _text(file))
    if not rows:
        raise DataError(f"{file}: is empty; its first line names the columns, such as id,split")
    header = [name.strip().lower() for name in rows[0][1]]
    wanted = "fold" if folds else "split"
    key = next((name for name in _ID_COLUMNS if name in header), None)
    if key is None or wanted not in header:
        has = ", ".join(header) or "nothing"
        raise DataError(f"{file}:1: needs the columns id and {wanted} (there are: {has})")
    names = _Names(samples)
    parts: dict[str, str] = {}
    numbers: dict[str, int] = {}
    hashes: dict[str, str] = {}
    first: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []
    for line, row in rows[1:]:
        where = f"{file}:{line}"
        if len(row) != len(header):
            wrong.append((where, f"has {len(row)} values; the header names {len(header)} columns"))
            continue
        values = dict(zip(header, row, strict=True))
        name, reason = names.find(values[key])
        value = values[wanted].strip()
        if name is None or name in first:
            wrong.append((where, reason if name is None else f"names {name} a second time; the first is {first[name]}"))
            continue
        first[name] = where
        if folds and not value.isdecimal():
            wrong.append((where, f"has the fold '{value}'; it should be a number from 0 on"))
        elif not folds and value.lower() not in {**SPLIT_NAMES, "quarantine": ""}:
            wrong.append((where, f"has the split '{value}'; it should be train, validation or test"))
        else:
            if folds:
                numbers[name] = int(value)
            elif value.lower() != "quarantine":
                parts[name] = SPLIT_NAMES[value.lower()]
            if values.get("sha256"):
                hashes[name] = values["sha256"]
    absent = [sample.id for sample in samples if sample.id not in first]
    wrong += [(name, "is not in the file") for name in absent if name not in may_lack]
    if wrong:
        raise DataError(f"data.split.file {file} does not fit the samples", wrong)
    left_out = absent if folds else [sample.id for sample in samples if sample.id not in parts]
    return Assigned(parts, numbers, hashes, left_out)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None


def check_hashes(samples: Sequence[Sample], hashes: Mapping[str, str], now: Sequence[str]) -> None:
    """Raise DataError where samples have other content than when the split file was written."""
    changed = [
        (sample.id, "has other content than when the split was made")
        for sample, sha256 in zip(samples, now, strict=True)
        if hashes.get(sample.id, sha256) != sha256
    ]
    if changed:
        raise DataError("data.split.file was made from other data", changed)
