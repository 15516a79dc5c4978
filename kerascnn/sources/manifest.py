"""Pictures listed in a CSV file."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import SPLIT_NAMES, place
from kerascnn.spec import Sample, Scan, Source, register
from kerascnn.spec.section import nearest


@register("manifest")
class Manifest(Source):
    """A CSV file with a row for each picture: `path,label`, and if wanted `split`.

    Values are taken as text to the letter: `007`, `NA` and `None` are labels like any other. The file is UTF-8 and its
    columns are divided by commas.
    """

    paths: ClassVar[tuple[str, ...]] = ("path", "root")

    path: str
    """The CSV file; a relative one starts from the folder that the command runs in."""
    root: str | None = None
    """The folder that relative paths in the file start from; left out: the folder of the CSV file."""
    path_column: str = Field("path", min_length=1)
    """Column with the path of the picture."""
    label_column: str = Field("label", min_length=1)
    """Column with its class."""
    split_column: str | None = Field(None, min_length=1)
    """Column that says train, validation (val, valid) or test; left out: `data.split` divides the rows."""
    group_column: str | None = Field(None, min_length=1)
    """Column that says what a picture belongs to together with others, such as a patient: a group is never divided
    between splits. Left out: pictures stand alone."""

    def scan(self) -> Scan:
        """Return every row as a sample. Raises DataError with every row that is wrong or whose file is missing."""
        file = place(self.path, "data.source.path", folder=False)
        root = place(self.root, "data.source.root", folder=True) if self.root else file.parent
        header, rows = _read(file)
        named = {
            "path": self.path_column, "label": self.label_column, "split": self.split_column, "group": self.group_column
        }  # fmt: skip
        columns = {key: self._column(header, name, file) for key, name in named.items() if name is not None}
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        seen: dict[str, str] = {}
        for line, row in rows:
            where = f"{file}:{line}"
            if len(row) != len(header):
                wrong.append((where, f"has {len(row)} values; the header names {len(header)} columns"))
                continue
            values = {key: row[column] for key, column in columns.items()}
            reason = _reason(values, root, seen, where)
            if reason:
                wrong.append((where, reason))
                continue
            path, label = values["path"], values["label"]
            split = SPLIT_NAMES[values["split"].strip().lower()] if "split" in values else None
            seen[os.path.normpath(root / path)] = where
            samples.append(Sample(path, root / path, label, split, values.get("group"), where))
        if wrong:
            raise DataError(f"{counted(len(wrong), 'row', 'rows')} of {file} cannot be used", wrong)
        return Scan(samples, sorted({sample.label for sample in samples}))

    @staticmethod
    def _column(header: list[str], name: str, file: Path) -> int:
        if header.count(name) == 1:
            return header.index(name)
        if name in header:
            raise DataError(f"{file}:1: two columns are named '{name}'")
        near = nearest(name, header)
        hint = f"; did you mean '{near}'?" if near else ""
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            hint = "; the columns seem to be divided by another character than a comma"
        raise DataError(f"{file}:1: there is no column '{name}'{hint} (there are: {', '.join(header)})")


def _read(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and the rows that are not empty, with the numbers of the lines on which they begin."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(f"{file}:{line}: is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    begin = 1
    try:
        for row in reader:
            if row:
                rows.append((begin, row))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{file}:{begin}: is not well-formed CSV: {error}") from None
    if not rows:
        raise DataError(f"{file}: is empty; its first line names the columns, such as path,label")
    if len(rows) < 2:
        raise DataError(f"{file}: has no rows below its header")
    return [name.strip() for name in rows[0][1]], rows[1:]


def _reason(values: Mapping[str, str], root: Path, seen: Mapping[str, str], where: str) -> str:
    """Return what is wrong with a row, or an empty text."""
    for key in ("path", "label", "group"):
        if key in values and not values[key].strip():
            return f"has no {key}"
    path = values["path"]
    if "split" in values and values["split"].strip().lower() not in SPLIT_NAMES:
        return f"has the split '{values['split']}'; it should be train, validation or test"
    first = seen.get(os.path.normpath(root / path))
    if first:
        return f"names {path} a second time; the first is {first}"
    try:
        if not (root / path).is_file():
            return f"names {path}, which is not there" + ("" if Path(path).is_absolute() else f" (under {root})")
    except (OSError, ValueError):
        return f"names {path!r}, which cannot be a path"
    return ""
