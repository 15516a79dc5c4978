"""Pictures listed in a table: CSV, TSV or Parquet."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import SPLIT_NAMES, place
from kerascnn.sources.parquet import read_parquet
from kerascnn.sources.tables import column_of, csv_rows
from kerascnn.spec import Sample, Scan, Source, register

_Name = Annotated[str, Field(min_length=1)]
_Row = tuple[int, list[str]]


@register("manifest")
class Manifest(Source):
    """A table with a row for each picture: `path,label`, and if wanted `split`.

    It is a CSV file (columns divided by commas), a .tsv file (by tabs), both in UTF-8, or a .parquet file, which needs
    the package pyarrow. Values are taken as text to the letter: `007`, `NA` and `None` are labels like any other. What
    a picture is to be answered with is one class (`label_column`), any number of classes (`labels_column`) or numbers
    (`target_columns`).
    """

    paths: ClassVar[tuple[str, ...]] = ("path", "root")

    path: str
    """The table; a relative one starts from the folder that the command runs in."""
    root: str | None = None
    """The folder (or .zip file) that relative paths in the table start from; left out: the folder of the table."""
    path_column: _Name = "path"
    """Column with the path of the picture."""
    label_column: _Name | None = None
    """Column with its class; left out where no other column is named for the answer: `label`."""
    labels_column: _Name | None = None
    """Column with all its classes, divided by `separator`; an empty one names none."""
    separator: _Name = ";"
    """What stands between the classes in `labels_column`."""
    target_columns: list[_Name] | None = Field(None, min_length=1)
    """Columns with its numbers."""
    split_column: _Name | None = None
    """Column that says train, validation (val, valid) or test; left out: `data.split` divides the rows."""
    group_column: _Name | None = None
    """Column that says what a picture belongs to together with others, such as a patient: a group is never divided
    between splits. Left out: pictures stand alone."""
    time_column: _Name | None = None
    """Column that says when a picture was made: dates and times (ISO 8601), or numbers."""
    metadata_columns: list[_Name] = Field([], max_length=256)
    """Columns with what else is known of a picture; results can be told apart by them."""

    @model_validator(mode="before")
    @classmethod
    def _label_is_the_default(cls, value: Any) -> Any:
        if isinstance(value, dict) and all(value.get(key) is None for key in _ANSWERS):
            return {**value, "label_column": "label"}
        return value

    @field_validator("labels_column", "target_columns")
    @classmethod
    def _answer_is_one(cls, value: Any, info: ValidationInfo) -> Any:
        other = next((key for key in _ANSWERS if key != info.field_name and info.data.get(key) is not None), None)
        if value is not None and other:
            raise PydanticCustomError("one_answer", "should be left out, as {other} is given", {"other": other})
        return value

    @field_validator("target_columns", "metadata_columns")
    @classmethod
    def _differ(cls, names: list[str] | None) -> list[str] | None:
        if names and len(set(names)) < len(names):
            raise PydanticCustomError("alike", "should name no column twice")
        return names

    @property
    def target(self) -> str:
        """A class, classes or numbers, by the columns that are named."""
        return "classes" if self.labels_column is not None else "values" if self.target_columns else "class"

    def scan(self) -> Scan:
        """Return every row as a sample. Raises DataError with every row that is wrong or whose file is missing."""
        file = place(self.path, "data.source.path", folder=False)
        root = place(self.root, "data.source.root", folder=True) if self.root else file.parent
        singles = {
            "path": self.path_column, "label": self.label_column, "split": self.split_column,
            "group": self.group_column, "labels": self.labels_column, "time": self.time_column,
        }  # fmt: skip
        named = {key: name for key, name in singles.items() if name is not None}
        lists = [*(self.target_columns or ()), *self.metadata_columns]
        header, rows = _read(file, [*named.values(), *lists])
        columns = {key: column_of(file, header, name) for key, name in named.items()}
        more = {name: column_of(file, header, name) for name in lists}
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        seen: dict[str, str] = {}
        clock = ""
        for line, row in rows:
            where = f"{file}:{line}"
            if len(row) != len(header):
                wrong.append((where, f"has {len(row)} values; the header names {len(header)} columns"))
                continue
            values = {key: row[column] for key, column in columns.items()}
            reason = _reason(values, root, seen, where)
            try:
                if reason:
                    raise ValueError(reason)
                clock = _clock(values["time"], clock) if "time" in values else ""
                answer = self._answer(values, {name: row[column] for name, column in more.items()})
            except ValueError as error:
                wrong.append((where, str(error)))
                continue
            path = values["path"]
            split = SPLIT_NAMES[values["split"].strip().lower()] if "split" in values else None
            seen[os.path.normpath(root / path)] = where
            samples.append(
                Sample(
                    path, root / path, values.get("label", ""), split, values.get("group"), where, answer,
                    values.get("time", "").strip(), {name: row[more[name]] for name in self.metadata_columns},
                )
            )  # fmt: skip
        if wrong:
            raise DataError(f"{counted(len(wrong), 'row', 'rows')} of {file} cannot be used", wrong)
        return self._scan(file, samples)

    def _answer(self, values: Mapping[str, str], more: Mapping[str, str]) -> tuple[str, ...] | tuple[float, ...] | None:
        """Return the classes or the numbers of a row. Raises ValueError."""
        if self.labels_column is not None:
            return _classes(values["labels"], self.separator)
        return tuple(_value(name, more[name]) for name in self.target_columns) if self.target_columns else None

    def _scan(self, file: Path, samples: list[Sample]) -> Scan:
        if self.target_columns:
            return Scan(samples, list(self.target_columns))
        if self.labels_column is None:
            return Scan(samples, sorted({sample.label for sample in samples}))
        labels = sorted({str(name) for sample in samples for name in sample.target or ()})  # type: ignore[union-attr]
        if not labels:
            raise DataError(f"{file}: no row names a class in the column '{self.labels_column}'")
        bare = sum(not sample.target for sample in samples)
        return Scan(
            samples, labels, [f"{counted(bare, 'picture belongs', 'pictures belong')} to no class"] if bare else []
        )


_ANSWERS = ("label_column", "labels_column", "target_columns")


def _classes(cell: str, separator: str) -> tuple[str, ...]:
    """Return the classes in a cell. Raises ValueError."""
    names = [name.strip() for name in cell.split(separator)] if cell.strip() else []
    if not all(names):
        raise ValueError(f"names an empty class in '{cell}'")
    if len(set(names)) < len(names):
        raise ValueError(f"names a class twice in '{cell}'")
    return tuple(names)


def _value(name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"has the {name} '{cell}'; it should be a finite number" if cell.strip() else f"has no {name}")
    return value


def _clock(text: str, before: str) -> str:
    """Return how a time is told; all rows have to tell it alike. Raises ValueError."""
    told = ""
    try:
        told = "a number" if math.isfinite(float(text)) else ""
    except ValueError:
        try:
            zone = datetime.fromisoformat(text.strip()).tzinfo
            told = "a date without a time zone" if zone is None else "a date with a time zone"
        except ValueError:
            pass
    if not told:
        wanted = "a date, such as 2024-05-31 or 2024-05-31T12:30:00, or a number"
        raise ValueError(f"has the time '{text}'; it should be {wanted}" if text.strip() else "has no time")
    if before and told != before:
        raise ValueError(f"has the time '{text}', {told}; the first row has {before}")
    return told


def _read(file: Path, wanted: Sequence[str]) -> tuple[Sequence[str], Sequence[_Row]]:
    """Return the header and the rows that are not empty, with the numbers of the lines on which they begin.

    Rows of a Parquet file are counted from 1.
    """
    if file.suffix.lower() == ".parquet":
        return read_parquet(file, wanted)
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise DataError(f"{file}:{line}: is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    rows = csv_rows(file, text)
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
