"""Sounds listed in a CSV file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from kerascnn.sources.files import place
from kerascnn.sources.tables import natural, read_table, row_reason, split_of
from kerascnn.sources.texts import Encoding
from kerascnn.spec import Sample, Scan, Source, register


@register("audio_manifest")
class AudioManifest(Source):
    """A CSV file with a row for each sound file: `path,label`, and if wanted `split` and a group.

    Values are taken as text to the letter: `007`, `NA` and `None` are labels like any other. Commas divide the columns,
    or tabs where the file ends in .tsv; a file that ends in .jsonl or .ndjson holds a JSON object a line.
    """

    gives: ClassVar[str] = "audio"
    paths: ClassVar[tuple[str, ...]] = ("path", "root")

    path: str
    """The CSV file; a relative one starts from the folder that the command runs in."""
    root: str | None = None
    """The folder that relative paths in the file start from; left out: the folder of the CSV file."""
    path_column: str = Field("path", min_length=1)
    """Column with the path of the sound file."""
    label_column: str = Field("label", min_length=1)
    """Column with its class."""
    split_column: str | None = Field(None, min_length=1)
    """Column that says train, validation (val, valid) or test; left out: `data.split` divides the rows."""
    group_column: str | None = Field(None, min_length=1)
    """Column that says what a sound belongs to together with others, such as its speaker: a group is never divided
    between splits. Left out: sounds stand alone."""
    encoding: Encoding = "auto"
    """How letters are stored in the CSV file, such as utf-8, latin-1 or cp1252. auto: UTF-16 where the file begins with
    its mark, else UTF-8, else latin-1."""

    def scan(self) -> Scan:
        """Return every row as a sample. Raises DataError with every row that is wrong or whose file is missing."""
        file = place(self.path, "data.source.path", folder=False)
        root = place(self.root, "data.source.root", folder=True) if self.root else file.parent
        named = [self.path_column, self.label_column, self.split_column, self.group_column]
        wanted = [name for name in named if name is not None]
        table = read_table(file, self.encoding, wanted=wanted)
        columns = {name: table.column(name) for name in wanted}
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        seen: dict[str, str] = {}
        for line, row in table.rows:
            where = table.where(line)
            path, label = row[columns[self.path_column]], row[columns[self.label_column]]
            split = row[columns[self.split_column]] if self.split_column else None
            group = row[columns[self.group_column]] if self.group_column else None
            reason = row_reason(label, split, group) or _missing(path, root)
            real = os.path.normpath(root / path)
            if not reason and real in seen:
                reason = f"names {path} a second time; the first is {seen[real]}"
            if reason:
                wrong.append((where, reason))
                continue
            seen[real] = where
            samples.append(Sample(path, root / path, label, split_of(split), group, where))
        table.refuse(wrong)
        return Scan(samples, sorted({sample.label for sample in samples}, key=natural))


def _missing(path: str, root: Path) -> str:
    """Return why a path leads to no file, or an empty text."""
    if not path.strip():
        return "has no path"
    try:
        if not (root / path).is_file():
            return f"names {path}, which is not there" + ("" if Path(path).is_absolute() else f" (under {root})")
    except (OSError, ValueError):
        return f"names {path!r}, which cannot be a path"
    return ""
