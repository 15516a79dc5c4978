"""A file of judgements on single samples: keep, relabel or leave out, a line each, as `data.fixes` takes it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from kerascnn.errors import DataError, SpecError, counted
from kerascnn.sources.files import place
from kerascnn.sources.tables import csv_rows
from kerascnn.spec.section import nearest
from kerascnn.spec.tree import MAX_BYTES
from kerascnn.spec.yaml_text import read_yaml

Action = Literal["keep", "relabel", "leave_out"]
ACTIONS: tuple[str, ...] = get_args(Action)
DIVIDER = ";"
"""Between the classes of a sample that is of several."""
FIELD = "data.fixes"


@dataclass(frozen=True)
class Fix:
    """What somebody said of one sample."""

    id: str
    """The sample, by its id in the manifest."""
    action: str
    """keep: it is right as it is. relabel: `label` is right. leave_out: it is of no use."""
    label: str = ""
    """The right answer: a class; classes divided by `;`; or numbers divided by `;`. Read for relabel alone."""
    by: str = ""
    """Who said so."""
    why: str = ""
    """Why."""


COLUMNS = tuple(field.name for field in fields(Fix))


def csv_of(fixes: Iterable[Fix]) -> bytes:
    """Return the bytes of a CSV file with these judgements. Ids that are no UTF-8 come back as they were."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    table.writerows(astuple(fix) for fix in fixes)
    return text.getvalue().encode("utf-8", "surrogateescape")


def read_fixes(path: str) -> tuple[Path, list[tuple[int, Fix]]]:
    """Return the file and its judgements, each with its line. Raises DataError with every line that is no judgement."""
    file = place(path, FIELD, folder=False)
    read = _from_yaml if file.suffix.lower() in (".yaml", ".yml") else _from_csv
    rows, wrong = read(file)
    found: list[tuple[int, Fix]] = []
    first: dict[str, int] = {}
    for line, row in rows:
        fix = Fix(**row)
        reason = ""
        if fix.action not in ACTIONS:
            near = nearest(fix.action, list(ACTIONS))
            hint = f"did you mean {near}?" if near else f"it should be {', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}"
            reason = f"has the action '{fix.action}'; {hint}"
        elif fix.id in first:
            reason = f"names {fix.id} a second time; the first is on line {first[fix.id]}"
        first.setdefault(fix.id, line)
        if reason:
            wrong.append((line, reason))
        else:
            found.append((line, fix))
    if wrong:
        named = [(f"{file}:{line}", reason) for line, reason in sorted(wrong)]
        raise DataError(f"{counted(len(wrong), 'line', 'lines')} of {FIELD} cannot be used", named)
    return file, found


_Rows = tuple[list[tuple[int, dict[str, str]]], list[tuple[int, str]]]
"""Rows by their lines, and lines that are none with the reason."""


def _from_csv(file: Path) -> _Rows:
    try:
        rows = csv_rows(file, file.read_bytes().decode("utf-8-sig", "surrogateescape"))
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    header = [name.strip() for name in rows[0][1]] if rows else []
    mistake = _columns(header, COLUMNS[:2])
    if mistake:
        raise DataError(f"{file}:1: {mistake}")
    good, wrong = [], []
    for line, row in rows[1:]:
        if len(row) == len(header):
            good.append((line, dict(zip(header, row, strict=True))))
        else:
            wrong.append((line, f"has {counted(len(row), 'value', 'values')}; the header names {len(header)} columns"))
    return good, wrong


def _from_yaml(file: Path) -> _Rows:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise DataError(f"{file}: is larger than {MAX_BYTES} bytes; a list so long can be a .csv file")
        tree = read_yaml(file.read_bytes().decode("utf-8-sig"), str(file))
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: is not UTF-8 (byte {error.start})") from None
    except SpecError as error:
        raise DataError(f"{file} cannot be read", [(f"{file}:{i.line}", i.message) for i in error.issues]) from None
    if tree.issues:
        raise DataError(f"{file} cannot be read", [(f"{file}:{i.line}", i.message) for i in tree.issues])
    if not isinstance(tree.value, list):
        raise DataError(f"{file}:1: should be a list of {{id: ..., action: ..., label: ..., by: ..., why: ...}}")
    good, wrong = [], []
    for i, row in enumerate(tree.value):
        spot = tree.place((i,))
        line = spot.line if spot is not None else 0
        mistake = _columns(list(row), COLUMNS[:2]) if isinstance(row, dict) else "is no mapping of id, action and label"
        odd = [] if mistake else [key for key, value in row.items() if not isinstance(value, str | None)]
        if mistake or odd:
            wrong.append((line, mistake or f"has {odd[0]}: {row[odd[0]]}, which is no text; put it in quotes"))
        else:
            good.append((line, {key: value or "" for key, value in row.items()}))
    return good, wrong


def _columns(names: Sequence[str], needed: Sequence[str]) -> str:
    """Return what is wrong with the names of a judgement's parts, or an empty text."""
    for name in names:
        if name not in COLUMNS:
            near = nearest(name, list(COLUMNS))
            return f"nothing is named '{name}'; " + (f"did you mean '{near}'?" if near else _NAMES)
        if names.count(name) > 1:
            return f"'{name}' stands here twice"
    gone = [name for name in needed if name not in names]
    return f"lacks {' and '.join(gone)}; {_NAMES}" if gone else ""


_NAMES = f"there are {', '.join(COLUMNS)}"
