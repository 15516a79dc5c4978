"""A table of what is known of samples besides their answers, as `data.metadata` takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import place
from kerascnn.sources.tables import csv_rows
from kerascnn.spec.section import nearest

FIELD = "data.metadata"
KEY = "id"
_MOST = 256
"""Columns, as of the source `manifest`."""


@dataclass(frozen=True)
class Metadata:
    """What a table tells of samples."""

    file: Path
    columns: tuple[str, ...] = ()
    by_id: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The values of each sample that it names, a value for each column."""


def read_metadata(path: str) -> Metadata:
    """Return the table, its columns but for `id`. Raises DataError with every line that is wrong."""
    file = place(path, FIELD, folder=False)
    try:
        rows = csv_rows(file, file.read_bytes().decode("utf-8-sig", "surrogateescape"))
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    header = [name.strip() for name in rows[0][1]] if rows else []
    if mistake := _columns(header):
        raise DataError(f"{file}:1: {mistake}")
    at = header.index(KEY)
    found: dict[str, tuple[str, ...]] = {}
    first: dict[str, int] = {}
    wrong: list[tuple[str, str]] = []
    for line, row in rows[1:]:
        if len(row) != len(header):
            many = counted(len(row), "value", "values")
            wrong.append((f"{file}:{line}", f"has {many}; the header names {len(header)} columns"))
        elif row[at] in first:
            wrong.append((f"{file}:{line}", f"names {row[at]} a second time; the first is on line {first[row[at]]}"))
        else:
            first[row[at]] = line
            found[row[at]] = tuple(value.strip() for i, value in enumerate(row) if i != at)
    if wrong:
        raise DataError(f"{counted(len(wrong), 'line', 'lines')} of {FIELD} cannot be used", wrong)
    if not found:
        raise DataError(f"{file}: has no rows below its header")
    return Metadata(file, tuple(name for name in header if name != KEY), found)


def _columns(header: Sequence[str]) -> str:
    """Return what is wrong with the names of the columns, or an empty text."""
    twice = [name for name in header if header.count(name) > 1]
    if KEY not in header:
        near = nearest(KEY, header)
        hint = f"; did you mean '{near}'?" if near else ""
        return f"there is no column '{KEY}', which names the samples as data.manifest.jsonl does{hint}"
    if twice:
        return f"two columns are named '{twice[0]}'"
    if "" in header:
        return f"column {header.index('') + 1} has no name"
    if len(header) == 1:
        return f"there is no column but '{KEY}'; add what is known of the samples, such as a column 'site'"
    return f"there are {len(header)} columns; {_MOST} are the most" if len(header) > _MOST else ""
