"""Reading Parquet files as tables of text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from kerascnn.errors import DataError, counted


def read_parquet(file: Path, wanted: Sequence[str]) -> tuple[Sequence[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns that are read, and the rows as texts, counted from 1.

    Only the columns that are wanted are read, unless one of them is not there: then all names are returned, without
    rows, so that the reader can say so. What is missing is an empty text. Raises DataError where the file is no such
    table, pyarrow is not installed, or a value is no text, number, truth value or date.
    """
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise DataError(
            f"{file}: reading Parquet needs the package pyarrow; install it with: pip install pyarrow, or save the "
            "table as CSV"
        ) from None
    try:
        with parquet.ParquetFile(file) as opened:
            names = opened.schema_arrow.names
            if any(names.count(name) != 1 for name in wanted):
                return names, []
            columns = list(dict.fromkeys(wanted))
            table = opened.read(columns=columns)
    except (arrow.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{file}: cannot be read as Parquet: {' '.join(str(error).split())}") from None
    if not table.num_rows:
        raise DataError(f"{file}: has no rows")
    rows: list[tuple[int, list[str]]] = []
    wrong = []
    values = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    for number, row in enumerate(values, 1):
        cells = [_text(value) for value in row]
        strange = [name for name, cell in zip(columns, cells, strict=True) if cell is None]
        if strange:
            wrong.append((f"{file}:{number}", f"has no text, number or date in {', '.join(strange)}"))
        rows.append((number, [cell or "" for cell in cells]))
    if wrong:
        raise DataError(f"{counted(len(wrong), 'row', 'rows')} of {file} cannot be used", wrong)
    return columns, rows


def _text(value: Any) -> str | None:
    """Return a value as text, or None where it has no plain one."""
    if value is None or value != value:  # missing, or no number
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, str | bool | int | float | Decimal) else None
