"""What sources of tables share: reading CSV and JSON lines, finding columns, and the rows that cannot be used."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import SPLIT_NAMES
from kerascnn.sources.texts import MAX_BYTES, TextError, no_text, read_text
from kerascnn.spec.section import nearest

JSON_LINES = frozenset({".jsonl", ".ndjson"})
"""Endings of files that hold a JSON object a line."""


@dataclass(frozen=True)
class Table:
    """A table of texts, to the letter."""

    file: Path
    header: list[str]
    """The names of the columns."""
    rows: list[tuple[int, list[str]]]
    """The rows that are not empty, each with the number of the line on which it begins."""
    guessed: bool
    """Whether the file had to be taken for latin-1."""
    wrong: list[tuple[str, str]]
    """The rows that cannot be used, each with the reason."""

    def column(self, name: str) -> int:
        """Return the number of a column. Raises DataError where there is none of the name, or two."""
        return column_of(self.file, self.header, name)

    def where(self, line: int) -> str:
        """Return what messages call a row."""
        return f"{self.file}:{line}"

    def refuse(self, wrong: Sequence[tuple[str, str]]) -> None:
        """Raise DataError where rows cannot be used; `wrong` are those beside the table's own."""
        every = sorted([*self.wrong, *wrong], key=lambda item: int(item[0].rpartition(":")[2]))
        if every:
            raise DataError(f"{counted(len(every), 'row', 'rows')} of {self.file} cannot be used", every)


_SHOWN = 20


def column_of(file: Path, header: Sequence[str], name: str) -> int:
    """Return the number of a column. Raises DataError where there is none of the name, or two."""
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise DataError(f"{file}:1: two columns are named '{name}'")
    near = nearest(name, header)
    hint = f"; did you mean '{near}'?" if near else ""
    if len(header) == 1 and any(mark in header[0] for mark in ",;\t|"):
        hint = f"; the columns seem to be divided by another character than {_divider(file)[1]}"
    shown = ", ".join(header[:_SHOWN]) + (", ..." if len(header) > _SHOWN else "")
    raise DataError(f"{file}:1: there is no column '{name}'{hint} (there are: {shown})")


def read_table(file: Path, encoding: str, *, header: bool = True, wanted: Sequence[str] = ()) -> Table:
    """Return the table of a CSV file (divided by tabs where it ends in .tsv) or of JSON lines (.jsonl, .ndjson).

    Without a header the columns are named 0, 1, 2, ... Of JSON objects only the columns that are wanted are looked at,
    the others are left empty. Raises DataError where the file is no such table.
    """
    try:
        text, guessed = read_text(file, encoding)
    except TextError as error:
        raise DataError(f"{file}: {error}") from None
    if file.suffix.lower() in JSON_LINES:
        return _from_json(file, text, guessed, wanted)
    rows = csv_rows(file, text)
    if not rows:
        first = "; its first line names the columns" if header else ""
        raise DataError(f"{file}: is empty{first}")
    if not header:
        names = [str(i) for i in range(len(rows[0][1]))]
    else:
        names = [name.strip() for name in rows.pop(0)[1]]
        if not rows:
            raise DataError(f"{file}: has no rows below its header")
    whole, wrong = [], []
    for line, row in rows:
        if len(row) == len(names):
            whole.append((line, row))
        else:
            expected = f"the header names {len(names)} columns" if header else f"the first row has {len(names)}"
            wrong.append((f"{file}:{line}", f"has {counted(len(row), 'value', 'values')}; {expected}"))
    return Table(file, names, whole, guessed, wrong)


def natural(name: str) -> tuple[bool, int, str]:
    """Return a key that puts numbers first, in the order of numbers: "10" comes after "9".

    >>> sorted(["b", "10", "9", "-1"], key=natural)
    ['-1', '9', '10', 'b']
    """
    is_number = name.removeprefix("-").isdecimal() and len(name) < 100
    return (False, int(name), name) if is_number else (True, 0, name)


def row_reason(label: str | None, split: str | None, group: str | None) -> str:
    """Return what is wrong with what a row says of its sample, or an empty text; None is what no column says."""
    if label is not None and not label.strip():
        return "has no label"
    if group is not None and not group.strip():
        return "has no group"
    if split is not None and split.strip().lower() not in SPLIT_NAMES:
        return f"has the split '{split}'; it should be train, validation or test"
    return ""


def split_of(split: str | None) -> str | None:
    """Return the split that a column's value means, which `row_reason` has seen; None where no column says it."""
    return None if split is None else SPLIT_NAMES[split.strip().lower()]


def _divider(file: Path) -> tuple[str, str]:
    return ("\t", "a tab") if file.suffix.lower() == ".tsv" else (",", "a comma")


def csv_rows(file: Path, text: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a table that are not empty, each with the number of the line on which it begins.

    Columns are divided by tabs in a file that ends in .tsv, else by commas. Raises DataError.
    """
    # Python's own limit of 131,072 characters is less than a long document; read_text has seen to the file's size.
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_divider(file)[0])
    rows = []
    begin = 1
    try:
        for row in reader:
            if row:
                rows.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{file}:{begin}: is not well-formed CSV: {error}") from None
    return rows


def _from_json(file: Path, text: str, guessed: bool, wanted: Sequence[str]) -> Table:
    records: list[tuple[int, Mapping[str, Any]]] = []
    wrong: list[tuple[str, str]] = []
    names: dict[str, None] = {}
    for line, item in enumerate(text.split("\n"), 1):
        if not item.strip():
            continue
        try:
            # Numbers stay as they are written: 1.0 and 1 are two labels.
            value = json.loads(item, parse_float=str, parse_int=str, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            wrong.append((f"{file}:{line}", f"is no JSON: {why}"))
            continue
        if not isinstance(value, dict):
            wrong.append((f"{file}:{line}", 'is no JSON object, such as {"text": "...", "label": "..."}'))
            continue
        records.append((line, value))
        names.update(dict.fromkeys(value))
    if not records and not wrong:
        raise DataError(f"{file}: is empty; each line should be a JSON object")
    if not records:
        raise DataError(f"{counted(len(wrong), 'row', 'rows')} of {file} cannot be used", wrong)
    rows = []
    for line, record in records:
        cells, reason = _cells({name: record.get(name) if name in wanted else None for name in names})
        if reason:
            wrong.append((f"{file}:{line}", reason))
        else:
            rows.append((line, cells))
    return Table(file, list(names), rows, guessed, wrong)


def _cells(record: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return the values of an object as texts, those that it lacks empty, or the reason why it cannot be used."""
    cells = []
    for name, value in record.items():
        if isinstance(value, list | dict):
            return [], f"has {'a list' if isinstance(value, list) else 'an object'} in '{name}'; give text or a number"
        text = "" if value is None else {True: "true", False: "false"}[value] if isinstance(value, bool) else value
        if no_text(text):
            return [], f"{no_text(text)} in '{name}'"
        cells.append(text)
    return cells, ""


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
