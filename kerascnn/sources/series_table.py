"""Series in a CSV file."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from kerascnn.errors import DataError
from kerascnn.sources.files import place
from kerascnn.sources.series import series_findings
from kerascnn.sources.series_rows import Columns, Row, RowError, gathered, in_order, row_numbers, row_sample
from kerascnn.sources.tables import Table, natural, read_table
from kerascnn.sources.texts import Encoding
from kerascnn.spec import Sample, Scan, Source, register


@register("series_table")
class SeriesTable(Source):
    """A CSV file with a row for each series (wide), or a row for each moment of each series (long).

    Commas divide the columns, or tabs where the file ends in .tsv. A value that is empty, `?` or `NaN` is missing. In a
    wide table the columns of values are the moments of one channel, in order; in a long one they are the channels.
    """

    gives: ClassVar[str] = "series"
    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The CSV file; a relative one starts from the folder that the command runs in."""
    layout: Literal["wide", "long"] = "wide"
    """What a row is: a whole series (wide), or one moment of one (long)."""
    header: bool = True
    """Whether the first line names the columns; where it does not, they are called "0", "1", "2", ..."""
    label_column: str | None = Field(None, min_length=1)
    """Column with the class; left out: the first column of a wide table, `label` in a long one."""
    target_columns: list[str] | None = Field(None, min_length=1)
    """Columns with numbers to be predicted, in place of a class; left out: series have a class."""
    value_columns: list[str] | None = Field(None, min_length=1)
    """Columns with the values; left out: all that no other field names."""
    id_column: str = Field("id", min_length=1)
    """Column of a long table that says which series a row belongs to; a wide one has none."""
    time_column: str | None = Field("time", min_length=1)
    """Column of a long table that says when: a number, or a date as in 2024-05-31T12:00. null: rows are in order."""
    split_column: str | None = Field(None, min_length=1)
    """Column that says train, validation (val, valid) or test; left out: `data.split` divides the series."""
    group_column: str | None = Field(None, min_length=1)
    """Column that says what a series belongs to together with others, such as a patient: a group is never divided
    between splits. Left out: series stand alone."""
    encoding: Encoding = "auto"
    """How letters are stored, such as utf-8, latin-1 or cp1252. auto: UTF-16 where the file begins with its mark, else
    UTF-8, else latin-1."""

    @property
    def target(self) -> str:
        """What its samples are answered with: "class" or "values"."""
        return "values" if self.target_columns else "class"

    def scan(self) -> Scan:
        """Return every series, a wide one named by its line. Raises DataError with every row that is wrong."""
        if self.label_column and self.target_columns:
            raise DataError("data.source: label_column and target_columns do not go together; a series has one target")
        file = place(self.path, "data.source.path", folder=False)
        table = read_table(file, self.encoding, header=self.header)
        samples, wrong = self._wide(table) if self.layout == "wide" else self._long(table)
        table.refuse(wrong)
        labels = self.target_columns or sorted({sample.label for sample in samples}, key=natural)
        return Scan(samples, list(labels), (), series_findings(samples))

    def _wide(self, table: Table) -> tuple[list[Sample], list[tuple[str, str]]]:
        columns = self._columns(table, table.header[0], [])
        samples = []
        wrong = []
        for row in table.rows:
            try:
                series = row_numbers(table, row, columns.values)[:, None]
                samples.append(row_sample(table, row, columns, f"{row[0]:06d}", series))
            except RowError as error:
                wrong.append((table.where(error.line), str(error)))
        return samples, wrong

    def _long(self, table: Table) -> tuple[list[Sample], list[tuple[str, str]]]:
        name = table.column(self.id_column)
        time = table.column(self.time_column) if self.time_column else None
        columns = self._columns(table, "label", [name] if time is None else [name, time])
        samples = []
        wrong = []
        series: dict[str, list[Row]] = {}
        for row in table.rows:
            if row[1][name].strip():
                series.setdefault(row[1][name], []).append(row)
            else:
                wrong.append((table.where(row[0]), f"has nothing in the column '{self.id_column}'"))
        for key, rows in series.items():
            try:
                ordered = rows if time is None else in_order(rows, time)
                samples.append(row_sample(table, rows[0], columns, key, gathered(table, ordered, columns)))
            except RowError as error:
                wrong.append((table.where(error.line), str(error)))
        return samples, wrong

    def _columns(self, table: Table, label: str, taken: list[int]) -> Columns:
        """Return the numbers of the columns. Raises DataError where one is not there, or stands for two things."""
        found = [table.column(name) for name in self.value_columns or ()]
        columns = Columns(
            values=found,
            label=None if self.target_columns else table.column(self.label_column or label),
            targets=[table.column(name) for name in self.target_columns or ()],
            split=table.column(self.split_column) if self.split_column else None,
            group=table.column(self.group_column) if self.group_column else None,
        )
        named = [*taken, *columns.facts(), *found]
        twice = sorted({table.header[i] for i in named if named.count(i) > 1})
        if twice:
            raise DataError(f"data.source: the column '{twice[0]}' is named for two things")
        if not found:
            # The list is the one in `columns`, which needed the others to know what is left.
            found += [i for i in range(len(table.header)) if i not in named]
        if not found:
            raise DataError(f"{table.file}: has no column for the values beside {', '.join(table.header)}")
        return columns
