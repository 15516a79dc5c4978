"""What the command line prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from typing import Any

import typer

from kerascnn.errors import KerasCnnError, SpecError, printable


def result(text: str) -> None:
    """Print a result, without what names of files or classes could do to a terminal."""
    typer.echo(safe(text))


def note(text: str) -> None:
    """Print a sentence about the work on stderr, as safely."""
    typer.echo(safe(text), err=True)


def document(value: Any) -> None:
    """Print a result as one JSON document."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    # What stands for the odd bytes of a file name has no UTF-8; `\udcff` is how JSON spells it.
    typer.echo(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def safe(text: str) -> str:
    """Return a text of several lines without what could move a terminal's cursor."""
    return "\n".join(printable(line) for line in text.split("\n"))


def complain(error: KerasCnnError) -> None:
    """Print an error; mistakes in a spec come with their lines."""
    if isinstance(error, SpecError):
        for issue in error.issues:
            note(str(issue))
            if issue.frame():
                note(issue.frame())
        if len(error.issues) > 1:
            note(f"{len(error.issues)} mistakes in the spec")
    else:
        note(f"error: {error}")


def usage_error(error: Exception) -> bool:
    """Print an error of the command line's own parser and return True, or return False for any other."""
    show = getattr(error, "format_message", None)
    if show is None:
        return False
    context = getattr(error, "ctx", None)
    note(f"error: {show()}")
    if context is not None:
        note(f"see `{context.command_path} --help`")
    return True


def write_bug_report(error: Exception) -> None:
    """Put the traceback in a file and say where it is."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="kerascnn-bug-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(f"{' '.join(sys.argv)}\nPython {sys.version}\n\n")
        traceback.print_exception(error, file=file)
    note(f"this is a bug in kerascnn: {type(error).__name__}: {error}")
    note(f"the report is {file.name}; please send it with the spec")


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return rows under a head; columns of numbers are set to the right, others to the left."""
    rows = [[printable(cell) for cell in row] for row in rows]
    columns = [[head[i], *(row[i] for row in rows)] for i in range(len(head))]
    widths = [max(map(len, column)) for column in columns]
    right = [bool(rows) and all(_is_number(cell) for cell in column[1:]) for column in columns]
    lines = []
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return not cell or cell.lstrip("+-").replace(",", "").replace(".", "", 1).isdecimal()
