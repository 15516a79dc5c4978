"""What lies in a folder, and the first rows of a table: what `detect` looks at."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from kerascnn.errors import DataError
from kerascnn.sources.files import is_junk

TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"})
MOST_FILES = 300_000
"""Files that are looked at; where there are more, the others are taken to be like them."""
ROWS = 400
"""Rows of a table that are looked at."""
_HEAD = 1 << 20


@dataclass(frozen=True)
class Candidate:
    """One way to read what is there."""

    source: Mapping[str, Any]
    """What would stand in `data.source`."""
    why: str
    """The sentence that says what was seen."""
    sure: bool = True
    """Whether it may be taken without asking."""
    score: int = 50
    """The higher, the likelier."""
    names: Sequence[str] = ()
    """The columns of its table, or the arrays of its file, which its fields choose from."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return {
            "source": dict(self.source), "why": self.why, "sure": self.sure, "score": self.score,
            "names": list(self.names),
        }  # fmt: skip


@dataclass
class Seen:
    """What a look found."""

    candidates: list[Candidate] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why there are no more: sentences for the user."""


@dataclass(frozen=True)
class Tree:
    """The files below a folder, or a single file."""

    root: Path
    files: Sequence[Path]
    """Relative to the root, without what operating systems leave behind, in a fixed order."""
    single: Path | None = None
    """The file, where it is no folder."""
    outer: str = ""
    """The name of the only folder that was there, where this is what lies in it."""

    @cached_property
    def folders(self) -> dict[str, list[Path]]:
        """The folders right in the root that hold files, each with its files at any depth."""
        found: dict[str, list[Path]] = {}
        for file in self.files:
            if len(file.parts) > 1:
                found.setdefault(file.parts[0], []).append(file)
        return found

    @cached_property
    def loose(self) -> list[Path]:
        """The files right in the root."""
        return [file for file in self.files if len(file.parts) == 1]

    @cached_property
    def all_folders(self) -> list[Path]:
        """Every folder with files below it, relative, the shallow ones first; the root is the first."""
        found = {parent for file in self.files for parent in file.parents}
        return sorted(found, key=lambda path: (len(path.parts), path))

    def ending(self, *suffixes: str) -> list[Path]:
        """Return the files with one of these endings, whole paths, the shallow ones first."""
        fitting = [file for file in self.files if file.suffix.lower() in suffixes]
        return [self.root / file for file in sorted(fitting, key=lambda file: (len(file.parts), file))]

    def below(self, folder: str) -> Tree:
        """Return the tree of a folder inside this one."""
        at = Path(folder)
        return Tree(self.root / folder, [file.relative_to(at) for file in self.files if file.is_relative_to(at)])


def tree(path: Path) -> Tree:
    """Return what lies at a path. Where a folder holds nothing but one folder, it is that one.

    Raises DataError where it cannot be read, or holds nothing.
    """
    if path.is_file():
        return Tree(path.parent, [Path(path.name)], path)
    found: list[Path] = []
    for top, folders, names in os.walk(path, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        found += [Path(top, name).relative_to(path) for name in sorted(names) if not is_junk(Path(name))]
        if len(found) > MOST_FILES:
            break
    if not found:
        raise DataError(f"{path} holds no files")
    seen = Tree(path, found)
    while len(seen.folders) == 1 and not seen.loose:
        (only,) = seen.folders
        seen = replace(seen.below(only), outer=only)
    return seen


def _unreadable(error: OSError) -> None:
    raise DataError(f"{error.filename} cannot be read: {error.strerror}")


@dataclass(frozen=True)
class Head:
    """The first rows of a table."""

    file: Path
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def values(self, column: str) -> list[str]:
        """Return what stands in a column."""
        i = list(self.header).index(column)
        return [row[i] for row in self.rows]

    def distinct(self, column: str) -> int:
        """Return how many different values stand in a column."""
        return len(set(self.values(column)))

    def is_numeric(self, column: str) -> bool:
        """Return whether a column holds numbers, with or without missing ones."""
        return are_numbers(self.values(column))


def are_numbers(values: Sequence[str]) -> bool:
    """Return whether texts are numbers, some of them perhaps missing."""
    known = [value for value in values if value.strip().lower() not in ("", "?", "nan", "na")]
    try:
        for value in known:
            float(value)
    except ValueError:
        return False
    return bool(known)


def head(file: Path) -> Head:
    """Return the first rows of a table: CSV, TSV, JSON lines or Parquet. Raises DataError with what to do."""
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        return _parquet(file)
    try:
        with file.open("rb") as stream:
            data = stream.read(_HEAD)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    # What is cut off in the middle of a line would be a row with too few values.
    whole = data if len(data) < _HEAD else data[: data.rfind(b"\n")]
    text = whole.decode("utf-16" if whole[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    if suffix in (".jsonl", ".ndjson"):
        return _json_lines(file, text)
    divider = "\t" if suffix == ".tsv" else ","
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=divider) if row][: ROWS + 1]
    if not rows:
        raise DataError(f"{file.name} is empty")
    names = [name.strip() for name in rows[0]]
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|,"):
        divided = "a tab" if suffix == ".tsv" else "a comma"
        raise DataError(
            f"{file.name}: its columns seem to be divided by another character than {divided}; save it as CSV with "
            "commas"
        )
    return Head(file, names, [row for row in rows[1:] if len(row) == len(names)])


def _json_lines(file: Path, text: str) -> Head:
    records: list[dict[str, Any]] = []
    for line in text.split("\n"):
        if line.strip() and len(records) < ROWS:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                raise DataError(f"{file.name}: a line of it is no JSON") from None
            if not isinstance(record, dict):
                raise DataError(f"{file.name}: a line of it is no JSON object")
            records.append(record)
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    return Head(file, names, [["" if record.get(n) is None else str(record[n]) for n in names] for record in records])


def _parquet(file: Path) -> Head:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(f"{file.name}: reading Parquet needs the package pyarrow; save the table as CSV") from None
    try:
        with parquet.ParquetFile(file) as opened:
            batch = next(opened.iter_batches(batch_size=ROWS), None)
            names = list(opened.schema_arrow.names)
    except (OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{file.name} cannot be read as Parquet: {' '.join(str(error).split())}") from None
    columns = [] if batch is None else [batch.column(i).to_pylist() for i in range(len(names))]
    rows = [["" if value is None else str(value) for value in row] for row in zip(*columns, strict=True)]
    return Head(file, names, rows)
