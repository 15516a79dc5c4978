"""Answers as a table: what the page shows, and what is downloaded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.looks import address_of, beginning, picture

_THUMB = 64
_NUMBERS = 12
"""Numbers of an answer that have a column each, at the most."""


def classes_said(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the answers that there are, for the choice of which to look at; [] where each is another one."""
    said = sorted({str(row["label"]) for row in rows if row["confidence"] is not None})
    return said if len(said) <= 200 else []


def chosen(rows: Sequence[Mapping[str, Any]], classes: Sequence[str], *, only_unsure: bool) -> list[Mapping[str, Any]]:
    """Return the rows whose answer is one of these classes (all for none), or the unsure ones of them."""
    return [
        row
        for row in rows
        if (not classes or row["label"] in classes) and (not only_unsure or row.get("unsure") is True)
    ]


def shown(home: Home, rows: Sequence[Mapping[str, Any]], reads: str) -> list[dict[str, Any]]:
    """Return the rows of the table on the page, for a model that reads pictures, texts or else.

    Columns that say nothing of an answer are left out.
    """
    table = []
    for row in rows:
        line: dict[str, Any] = {}
        if reads == "image":
            line["Picture"] = address_of(picture(home, Path(row.get("overlay") or row["path"]), _THUMB)) or None
        if reads == "text":
            line["Text"] = beginning(Path(row["path"]))
        line |= {"File": row["name"], "Answer": row["label"] or "nothing"}
        if row["confidence"] is not None:
            line["How sure"] = row["confidence"]
        if row.get("unsure") is not None:
            line["Sure enough"] = ["unsure" if row["unsure"] else "sure"]
        if row.get("set") is not None:
            line["One of"] = ", ".join(row["set"])
        if len(row.get("values") or {}) <= _NUMBERS:
            line |= {name: round(value, 4) for name, value in (row.get("values") or {}).items()}
        line |= {f"{name}, range": text for name, text in _ranges(row).items()}
        table.append(line)
    return table


def as_csv(rows: Sequence[Mapping[str, Any]], errors: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Return everything that is known of each file, a line each; a file that cannot be read says why."""
    lines = [*map(_flat, rows), *({"file": row["name"], "error": row["error"]} for row in errors)]
    columns = list(dict.fromkeys(name for line in lines for name in line))
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(lines)
    return text.getvalue().encode("utf-8", "backslashreplace")


def as_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the same without the files that cannot be read, as Parquet; b"" where nothing here can write it."""
    try:
        import pandas as pd

        buffer = io.BytesIO()
        pd.DataFrame([_flat(row) for row in rows]).to_parquet(buffer, index=False)
    except ImportError:
        return b""
    return buffer.getvalue()


def likeliest(row: Mapping[str, Any], most: int = 10) -> list[tuple[str, float]]:
    """Return the classes and their probabilities, the likeliest first."""
    return sorted((row.get("probabilities") or {}).items(), key=lambda pair: -pair[1])[:most]


def summary(rows: Sequence[Mapping[str, Any]], errors: Sequence[Mapping[str, Any]]) -> str:
    """Return a sentence on how much was answered.

    >>> summary([{"unsure": True}, {"unsure": False}], [{"error": "is not there"}])
    '2 files answered, 1 of them unsure; 1 cannot be read'
    """
    unsure = sum(row.get("unsure") is True for row in rows)
    said = f"{len(rows)} file{'s' if len(rows) != 1 else ''} answered"
    said += f", {unsure} of them unsure" if any(row.get("unsure") is not None for row in rows) else ""
    return said + (f"; {len(errors)} cannot be read" if errors else "")


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {"file": row["name"], "label": row["label"], "confidence": row["confidence"]}
    if row.get("unsure") is not None:
        line["unsure"] = row["unsure"]
    if row.get("set") is not None:
        line["set"] = ";".join(row["set"])
    line |= {f"p({name})": value for name, value in (row.get("probabilities") or {}).items()}
    line |= row.get("values") or {}
    for end in ("low", "high"):
        line |= {f"{name} {end}": value for name, value in (row.get(end) or {}).items()}
    if row.get("boxes"):
        line["boxes"] = json.dumps(row["boxes"], ensure_ascii=False)
    return line


def _ranges(row: Mapping[str, Any]) -> dict[str, str]:
    low, high = row.get("low") or {}, row.get("high") or {}
    return {name: f"{low[name]:.4g} to {high[name]:.4g}" for name in low if name in high}
