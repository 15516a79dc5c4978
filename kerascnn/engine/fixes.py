"""Judgements on single samples that lie over a source: keep, relabel or leave out, in a file of their own."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from kerascnn.errors import DataError, SpecError, UsageError, counted
from kerascnn.runs.atomic import write_bytes, write_text
from kerascnn.runs.folder import RunFolder
from kerascnn.sources.files import place
from kerascnn.sources.tables import csv_rows
from kerascnn.spec import Sample, Scan, Spec
from kerascnn.spec.section import nearest
from kerascnn.spec.tree import MAX_BYTES
from kerascnn.spec.yaml_text import read_yaml, write_yaml

Action = Literal["keep", "relabel", "leave_out"]
ACTIONS: tuple[str, ...] = get_args(Action)
_DIVIDER = ";"
"""Between the classes of a sample that is of several."""
_FIELD = "data.fixes"


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


class Fixes:
    """The judgements of a file that fits the samples of a source."""

    def __init__(self, spec: Spec, scan: Scan):
        """Read `data.fixes`, if there is one. Raises DataError with every line that is wrong."""
        self.by_id: dict[str, Fix] = {}
        self.targets: dict[str, dict[str, Any]] = {}
        if spec.data.fixes is None:
            return
        file, lines = _lines(spec.data.fixes)
        known, wrong = {sample.id: sample for sample in scan.samples}, []
        for line, fix in lines:
            reason = _misfit(fix, known)
            if not reason and fix.action == "relabel":
                try:
                    self.targets[fix.id] = {
                        **_target(fix.label, known[fix.id], scan, spec.data.source.target),
                        "origin": f"{file}:{line}",
                    }
                except ValueError as error:
                    reason = str(error)
            if reason:
                wrong.append((f"{file}:{line}", reason))
            self.by_id[fix.id] = fix
        if wrong:
            raise DataError(f"{counted(len(wrong), 'line', 'lines')} of {_FIELD} cannot be used", wrong)

    @property
    def left_out(self) -> set[str]:
        """The samples that are of no use."""
        return {name for name, fix in self.by_id.items() if fix.action == "leave_out"}

    def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return the samples that stay, with their right answers."""
        out = self.left_out
        return [replace(s, **self.targets.get(s.id, {})) for s in samples if s.id not in out]

    def notes(self) -> list[str]:
        """Return a sentence on how many there are of each, none where there is no file."""
        if not self.by_id:
            return []
        count = Counter(fix.action for fix in self.by_id.values())
        many = counted(count["relabel"], "sample", "samples")
        return [f"{_FIELD}: {many} relabelled, {count['leave_out']} left out, {count['keep']} kept as they are"]


def fixed(spec: Spec, scan: Scan) -> Scan:
    """Return what the source found, with `data.fixes` laid over it. Raises DataError where that does not fit."""
    return replace(scan, samples=Fixes(spec, scan).apply(scan.samples))


def judged_in(run: RunFolder) -> list[Fix]:
    """Return what was said of samples in the run's own `data.fixes`. Raises DataError."""
    path = run.read("spec.resolved.json")["data"].get("fixes")
    return [] if path is None else [fix for _, fix in _lines(path)[1]]


def write_fixes(path: Path, found: Mapping[str, Any], before: Sequence[Fix] = ()) -> int:
    """Write a file for `data.fixes` with the candidates of `failures` as keep; return how many there are.

    `label` is the class that each seems to be of, so that relabel in the place of keep is all that has to be written.
    The judgements made before come first. Raises UsageError for a file that is there already.
    """
    candidates = found["label_errors"]
    if candidates is None:
        raise UsageError(f"there are no candidates for {path}: {' '.join(found['notes'])}")
    if path.suffix.lower() not in (".csv", ".yaml", ".yml"):
        raise UsageError(f"{path} should end in .csv or .yaml")
    if path.exists():
        raise UsageError(f"{path} is there already, and may hold judgements; name a new file")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}; make it, or name a file elsewhere")
    fixes = [*before, *(_candidate(row) for row in candidates)]
    rows = [asdict(fix) for fix in fixes]
    if path.suffix.lower() == ".csv":
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows([row[column] for column in COLUMNS] for row in rows)
        write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"))
    else:
        write_text(path, write_yaml(rows))
    return len(candidates)


def _candidate(row: Mapping[str, Any]) -> Fix:
    label, other = (_DIVIDER.join(names) if isinstance(names, list) else names for names in
                    (row["label"], row["suggested"]))  # fmt: skip
    why = (
        f"labelled {label or 'nothing'} ({row['probability']:.2f}), seems to be {other or 'nothing'} "
        f"({row['suggested_probability']:.2f})"
    )
    return Fix(row["id"], "keep", other, "", why)


def _misfit(fix: Fix, known: Mapping[str, Sample]) -> str:
    """Return why a judgement is on nothing, or an empty text."""
    if fix.id in known:
        return ""
    near = nearest(fix.id, list(known)) if len(known) <= 2000 else None
    return f"names {fix.id}, which is no sample of the source" + (f"; did you mean {near}?" if near else "")


def _target(label: str, sample: Sample, scan: Scan, kind: str) -> dict[str, Any]:
    """Return the fields of a sample that its right answer changes. Raises ValueError."""
    if kind == "class":
        return {"label": _class(label, scan)}
    names = [name.strip() for name in label.split(_DIVIDER)] if label.strip() else []
    if kind == "classes":
        return {"target": tuple(_class(name, scan) for name in names)}
    if kind != "values":
        raise ValueError(f"relabels {sample.id}, whose answer is a {kind}; keep it, leave it out, or mend its source")
    try:
        numbers = tuple(float(name) for name in names)
        good = all(abs(number) < float("inf") for number in numbers)
    except ValueError:
        good = False
    if not good or len(numbers) != len(scan.labels):
        many = counted(len(scan.labels), "number", "numbers")
        raise ValueError(f"has the label '{label}'; it should be {many} divided by {_DIVIDER}")
    return {"target": numbers}


def _class(name: str, scan: Scan) -> str:
    if name in scan.labels:
        return name
    near = nearest(name, list(scan.labels))
    known = ", ".join(scan.labels[:10]) + (", ..." if len(scan.labels) > 10 else "")
    hint = f"; did you mean '{near}'?" if near else f" (there are: {known})"
    raise ValueError(
        f"has the label '{name}', which is no class{hint}" if name else f"has no label (there are: {known})"
    )


def _lines(path: str) -> tuple[Path, list[tuple[int, Fix]]]:
    """Return the file and its judgements, each with its line. Raises DataError with every line that is no judgement."""
    file = place(path, _FIELD, folder=False)
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
        raise DataError(f"{counted(len(wrong), 'line', 'lines')} of {_FIELD} cannot be used", named)
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
