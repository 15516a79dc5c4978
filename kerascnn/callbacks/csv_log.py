"""The figures of a training as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerascnn.runs.atomic import write_text
from kerascnn.spec import Callback, Follower, Training, Weights, register


@register("csv_log")
class CsvLog(Callback):
    """Write `figures.csv` into the run folder: a row for each epoch, a column for each figure.

    After a resume it has each epoch once, as `metrics.jsonl` has.
    """

    def follow(self, training: Training) -> Follower:
        """Return a follower that writes the table."""
        return _Table(training.folder / "figures.csv")


class _Table(Follower):
    def __init__(self, file: Path):
        self.file = file
        self._columns: list[str] = []

    def begin(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write the table of the epochs so far; what a killed process left half-written is gone with that."""
        self._columns = list(dict.fromkeys(name for line in lines for name in line))
        self._write_whole([[line.get(name) for name in self._columns] for line in lines])

    def end_epoch(self, line: Mapping[str, Any], weights: Weights) -> None:
        """Add a row; a figure that no epoch before had gets a column."""
        new = [name for name in line if name not in self._columns]
        if not new:
            with self.file.open("a", encoding="utf-8", newline="") as file:
                file.write(_text([[line.get(name) for name in self._columns]]))
            return
        with self.file.open(encoding="utf-8", newline="") as file:
            rows: list[list[Any]] = [[*row, *("" for _ in new)] for row in list(csv.reader(file))[1:]]
        self._columns += new
        self._write_whole([*rows, [line.get(name) for name in self._columns]])

    def _write_whole(self, rows: list[list[Any]]) -> None:
        write_text(self.file, _text([self._columns, *rows]) if self._columns else "")


def _text(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue()
