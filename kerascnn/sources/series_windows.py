"""Windows of long series, each with the numbers that follow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import place
from kerascnn.sources.series_rows import Row, RowError, in_order, row_numbers
from kerascnn.sources.tables import Table, read_table
from kerascnn.sources.texts import Encoding
from kerascnn.spec import Finding, Sample, Scan, Source, register

if TYPE_CHECKING:
    import numpy as np

Share = Annotated[float, Field(gt=0, lt=0.5)]


@register("series_windows")
class SeriesWindows(Source):
    """Sliding windows over one or several long series in a CSV file with a row for each moment.

    A window is answered by the numbers that follow it. It parts the series by time itself: the last moments are the
    test split, those before them the validation split. A window belongs to a part only where all of it does, what
    follows it included, so that no part has a number of another; windows across a border are left out.
    """

    gives: ClassVar[str] = "series"
    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The CSV file; a relative one starts from the folder that the command runs in."""
    window: int = Field(48, ge=2, le=1_000_000)
    """Steps that the model sees. Of a longer series that a forecast is asked for, it sees the last ones."""
    horizon: int = Field(1, ge=1, le=100_000)
    """Steps that it forecasts."""
    stride: int = Field(1, ge=1, le=1_000_000)
    """Steps from one window to the next."""
    season: int = Field(1, ge=1, le=1_000_000)
    """Steps after which the naive forecast, which the figures are compared with, repeats itself: 1 for the last value,
    24 for that of a day ago where a step is an hour."""
    id_column: str | None = Field(None, min_length=1)
    """Column that says which series a row belongs to; left out: all rows are one series."""
    time_column: str | None = Field("time", min_length=1)
    """Column that says when: a number, or a date as in 2024-05-31T12:00. null: the rows of each series are in order,
    and all series begin at the same time."""
    value_columns: list[str] | None = Field(None, min_length=1)
    """Columns with the values, the channels that the model sees; left out: all that no other field names."""
    target_columns: list[str] | None = Field(None, min_length=1)
    """Columns whose numbers are forecast: the first of the value columns, in their order. Left out: all of them."""
    validation: Share = 0.15
    """Fraction of the moments that the validation split is made of."""
    test: Share = 0.15
    """Fraction of the moments, the last ones, that the test split is made of."""
    encoding: Encoding = "auto"
    """How letters are stored, such as utf-8, latin-1 or cp1252. auto: UTF-16 where the file begins with its mark, else
    UTF-8, else latin-1."""

    @property
    def target(self) -> str:
        """What its samples are answered with: the numbers that follow, the naive forecast, and their scale."""
        return "forecast"

    def scan(self) -> Scan:
        """Return every window. Raises DataError with every row that is wrong, or where a part has no window."""
        if self.season > self.window:
            raise DataError(f"data.source.season is {self.season}, but a window has {self.window} steps only")
        file = place(self.path, "data.source.path", folder=False)
        table = read_table(file, self.encoding)
        columns = self._values(table)
        names = [table.header[i] for i in columns]
        targets = self.target_columns or names
        if targets != names[: len(targets)]:
            raise DataError(
                f"data.source.target_columns names {', '.join(targets)}, but the value columns begin with "
                f"{', '.join(names[: len(targets)])}; name them in data.source.value_columns, those to be forecast "
                "first"
            )
        series = self._series(table, columns)
        borders = self._borders(series)
        samples: list[Sample] = []
        lost = 0
        for name, one in series.items():
            found, missing = self._windows(name, one, len(targets), borders)
            samples += found
            lost += missing
        self._check_parts(samples, series)
        labels = [f"{name}+{step}" for step in range(1, self.horizon + 1) for name in targets]
        said = counted(lost, "window with a missing value", "windows with a missing value")
        return Scan(samples, labels, [f"{said} left out"] if lost else [], _gaps(series))

    def _values(self, table: Table) -> list[int]:
        """Return the numbers of the columns of values. Raises DataError where there is none, or one twice."""
        if self.value_columns:
            found = [table.column(name) for name in self.value_columns]
            if len(set(found)) < len(found):
                raise DataError(f"data.source.value_columns names a column twice: {', '.join(self.value_columns)}")
            return found
        taken = [table.column(name) for name in (self.id_column, self.time_column) if name]
        left = [i for i in range(len(table.header)) if i not in taken]
        if not left:
            raise DataError(f"{table.file}: has no column for the values beside {', '.join(table.header)}")
        return left

    def _series(self, table: Table, columns: Sequence[int]) -> dict[str, _Series]:
        """Return the series by name, each in order. Raises DataError with every row that is wrong."""
        import numpy as np

        time = table.column(self.time_column) if self.time_column else None
        name = table.column(self.id_column) if self.id_column else None
        rows: dict[str, list[Row]] = {}
        wrong: list[tuple[str, str]] = []
        for row in table.rows:
            key = "" if name is None else row[1][name].strip()
            if name is not None and not key:
                wrong.append((table.where(row[0]), f"has nothing in the column '{self.id_column}'"))
            else:
                rows.setdefault(key, []).append(row)
        found: dict[str, _Series] = {}
        for key, own in rows.items():
            try:
                ordered = own if time is None else in_order(own, time)
                values = np.stack([row_numbers(table, row, columns) for row in ordered])
            except RowError as error:
                wrong.append((table.where(error.line), str(error)))
                continue
            times = range(len(own)) if time is None else _times([row[1][time] for row in ordered])
            found[key] = _Series(values, list(times))
        table.refuse(wrong)
        if len({type(one.times[0]) for one in found.values()}) > 1:
            raise DataError(f"{table.file}: has numbers in the column '{self.time_column}' and dates as well")
        return found

    def _borders(self, series: Mapping[str, _Series]) -> tuple[Any, Any]:
        """Return the first moments of the validation and of the test split."""
        try:
            moments = sorted({time for one in series.values() for time in one.times})
        except TypeError:
            raise DataError(
                f"data.source.time_column: some dates in '{self.time_column}' name a zone, some do not"
            ) from None
        count = len(moments)
        first = round(count * (1 - self.validation - self.test))
        second = round(count * (1 - self.test))
        return moments[min(first, count - 1)], moments[min(second, count - 1)]

    def _windows(self, name: str, one: _Series, targets: int, borders: tuple[Any, Any]) -> tuple[list[Sample], int]:
        """Return the windows of a series that are within one part, and how many more have a missing value."""
        import numpy as np

        parts = [sum(time >= border for border in borders) for time in one.times]
        wanted = one.values[:, :targets]
        scale = _scale(wanted[: parts.count(0)], self.season)
        # What the naive forecast says of each step is the value as many whole seasons before that are known.
        ahead = np.arange(self.horizon)
        back = ahead % self.season - self.season
        samples = []
        lost = 0
        for start in range(0, len(one.values) - self.window - self.horizon + 1, self.stride):
            now, end = start + self.window, start + self.window + self.horizon
            if parts[start] != parts[end - 1]:
                continue
            seen, follows = one.values[start:now], wanted[now:end]
            if np.isnan(seen).any() or np.isnan(follows).any():
                lost += 1
                continue
            target = np.concatenate([follows.ravel(), wanted[now + back].ravel(), np.tile(scale, self.horizon)])
            samples.append(
                Sample(
                    f"{name}/{now:07d}" if name else f"{now:07d}",
                    seen,
                    split=("train", "validation", "test")[parts[start]],
                    target=tuple(target.tolist()),
                    time=str(one.times[now]),
                )
            )
        return samples, lost

    def _check_parts(self, samples: Sequence[Sample], series: Mapping[str, _Series]) -> None:
        present = {sample.split for sample in samples}
        for part in ("train", "validation", "test"):
            if part not in present:
                longest = max(len(one.values) for one in series.values())
                raise DataError(
                    f"no window of {self.window} steps and the {self.horizon} to be forecast lies within the {part} "
                    f"split; the longest series has {longest} steps: take a smaller data.source.window, or a larger "
                    "data.source.validation or data.source.test"
                )


@dataclass(frozen=True)
class _Series:
    """A long series."""

    values: np.ndarray
    """float32 `(steps, channels)`, NaN where a value is missing."""
    times: list[Any]
    """When each step is: numbers, or dates."""


def _times(cells: Sequence[str]) -> list[Any]:
    """Return numbers or dates; `in_order` has seen to it that they are all one or the other."""
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return [datetime.fromisoformat(cell.strip()) for cell in cells]


def _scale(values: np.ndarray, season: int) -> np.ndarray:
    """Return the mean absolute error of the naive forecast one season ahead for each channel; 0 where none is known."""
    import numpy as np

    changes = np.abs(values[season:] - values[:-season]).astype("float64")
    known = ~np.isnan(changes)
    total = np.where(known, changes, 0.0).sum(axis=0)
    return np.asarray(total / np.maximum(known.sum(axis=0), 1), "float64")


def _gaps(series: Mapping[str, _Series]) -> list[Finding]:
    """Return a finding where steps are missing: a window cannot know that it reaches over a gap."""
    gaps = []
    for name, one in series.items():
        steps = [later - earlier for earlier, later in pairwise(one.times)]
        usual = sorted(steps)[len(steps) // 2] if steps else 0
        gaps += [f"{name}/{i:07d}" if name else f"{i:07d}" for i, step in enumerate(steps, 1) if step > 1.5 * usual]
    if not gaps:
        return []
    said = counted(len(gaps), "step is", "steps are")
    message = f"{said} much longer than the usual one; windows reach over the gap as if there were none"
    return [Finding("uneven-steps", "warning", message, tuple(gaps))]
