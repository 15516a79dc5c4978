"""Texts in a table: CSV or JSON lines."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from kerascnn.errors import counted
from kerascnn.sources.files import place
from kerascnn.sources.tables import natural, read_table, row_reason, split_of
from kerascnn.sources.texts import Encoding, text_findings
from kerascnn.spec import Sample, Scan, Source, register


@register("text_table")
class TextTable(Source):
    """A CSV file, or a file of JSON lines, with a row for each text: `text,label`, and if wanted `split`.

    A file that ends in .jsonl or .ndjson holds a JSON object a line; in one that ends in .tsv, tabs divide the columns;
    in any other, commas. Values are taken as text to the letter: `007` and `NA` are labels like any other.
    """

    gives: ClassVar[str] = "text"
    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The table; a relative path starts from the folder that the command runs in."""
    text_column: str = Field("text", min_length=1)
    """Column with the text."""
    label_column: str = Field("label", min_length=1)
    """Column with its class."""
    split_column: str | None = Field(None, min_length=1)
    """Column that says train, validation (val, valid) or test; left out: `data.split` divides the rows."""
    group_column: str | None = Field(None, min_length=1)
    """Column that says what a text belongs to together with others, such as its author: a group is never divided
    between splits. Left out: texts stand alone."""
    metadata_columns: list[str] = []
    """Columns that are kept beside the text for reports, such as its date."""
    encoding: Encoding = "auto"
    """How letters are stored, such as utf-8, latin-1 or cp1252. auto: UTF-16 where the file begins with its mark, else
    UTF-8, else latin-1, of which a finding tells."""

    def scan(self) -> Scan:
        """Return the text of every row, named by its line. Raises DataError with every row that is wrong.

        Rows with neither text nor label are left out; a text that is empty stays, as a finding.
        """
        file = place(self.path, "data.source.path", folder=False)
        named = [self.text_column, self.label_column, self.split_column, self.group_column, *self.metadata_columns]
        wanted = [name for name in named if name is not None]
        table = read_table(file, self.encoding, wanted=wanted)
        columns = {name: table.column(name) for name in wanted}
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        blank = 0
        for line, row in table.rows:
            values = {name: row[column] for name, column in columns.items()}
            text, label = values[self.text_column], values[self.label_column]
            split = values[self.split_column] if self.split_column else None
            group = values[self.group_column] if self.group_column else None
            if not text.strip() and not label.strip():
                blank += 1
                continue
            reason = row_reason(label, split, group)
            if reason:
                wrong.append((table.where(line), reason))
                continue
            metadata = {name: values[name] for name in self.metadata_columns}
            samples.append(
                Sample(f"{line:06d}", text, label, split_of(split), group, origin=table.where(line), metadata=metadata)
            )
        table.refuse(wrong)
        notes = [f"{counted(blank, 'row', 'rows')} with neither text nor label left out"] if blank else []
        labels = sorted({sample.label for sample in samples}, key=natural)
        return Scan(samples, labels, notes, text_findings(samples, [file.name] if table.guessed else []))
