"""From the rows of a table to series: what a row holds, and the order of the rows of one series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from kerascnn.sources.series import NumberError, to_numbers
from kerascnn.sources.tables import Table, row_reason, split_of
from kerascnn.spec import Sample

if TYPE_CHECKING:
    import numpy as np

Row = tuple[int, list[str]]
"""The number of a line, and the values on it."""


class RowError(Exception):
    """A row cannot be used; the text is the reason."""

    def __init__(self, line: int, reason: str):
        self.line = line
        super().__init__(reason)


@dataclass(frozen=True)
class Columns:
    """The numbers of the columns of a table of series, by what they are for."""

    values: list[int]
    label: int | None
    targets: list[int]
    split: int | None
    group: int | None

    def facts(self) -> list[int]:
        """Return the columns that say the same in every row of a series."""
        return [i for i in (self.label, *self.targets, self.split, self.group) if i is not None]


def row_numbers(table: Table, row: Row, columns: Sequence[int]) -> np.ndarray:
    """Return the numbers in some columns of a row, float32. Raises RowError."""
    line, cells = row
    try:
        return to_numbers([cells[i] for i in columns])
    except NumberError as error:
        raise RowError(line, f"{error}, in the column '{table.header[columns[error.index]]}'") from None


def row_sample(table: Table, row: Row, columns: Columns, name: str, series: np.ndarray) -> Sample:
    """Return the sample of a series, whose label and the like stand in this row. Raises RowError."""
    line, cells = row
    label, split, group = (None if i is None else cells[i] for i in (columns.label, columns.split, columns.group))
    reason = row_reason(label, split, group)
    if reason:
        raise RowError(line, reason)
    target = tuple(float(number) for number in row_numbers(table, row, columns.targets)) if columns.targets else None
    if target and any(math.isnan(number) for number in target):
        raise RowError(line, "lacks a number to be predicted")
    return Sample(name, series, label or "", split_of(split), group, table.where(line), target)


def gathered(table: Table, rows: Sequence[Row], columns: Columns) -> np.ndarray:
    """Return the series `(length, channels)` whose moments are these rows. Raises RowError."""
    import numpy as np

    first, cells = rows[0]
    for line, other in rows:
        for i in columns.facts():
            if other[i] != cells[i]:
                name = table.header[i]
                raise RowError(line, f"has '{other[i]}' in the column '{name}'; line {first} says '{cells[i]}'")
    return np.stack([row_numbers(table, row, columns.values) for row in rows])


def in_order(rows: Sequence[Row], column: int) -> list[Row]:
    """Return the rows of a series by time: numbers, or else dates. Raises RowError."""
    times: list[float] | list[datetime]
    try:
        times = [float(cells[column]) for _, cells in rows]
    except ValueError:
        times = _dates(rows, column)
    for (line, cells), time in zip(rows, times, strict=True):
        if time != time:
            raise RowError(line, f"has the time '{cells[column]}', which is no number and no date")
    order = sorted(range(len(rows)), key=lambda i: times[i])
    for one, two in pairwise(order):
        if times[one] == times[two]:
            line, cells = rows[two]
            raise RowError(line, f"has the time {cells[column]}, as has line {rows[one][0]}; a series has it once")
    return [rows[i] for i in order]


def _dates(rows: Sequence[Row], column: int) -> list[datetime]:
    dates: list[datetime] = []
    for line, cells in rows:
        try:
            date = datetime.fromisoformat(cells[column].strip())
        except ValueError:
            raise RowError(line, f"has the time '{cells[column]}', which is no number and no date") from None
        if dates and (date.tzinfo is None) != (dates[0].tzinfo is None):
            raise RowError(line, f"has the time '{cells[column]}'; some dates of the series name a zone, some do not")
        dates.append(date)
    return dates
