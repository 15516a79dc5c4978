"""Judgements on single samples that lie over a source: keep, relabel or leave out, in a file of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kerascnn.errors import DataError, UsageError, counted
from kerascnn.runs.atomic import write_bytes, write_text
from kerascnn.runs.folder import RunFolder
from kerascnn.sources.fix_file import DIVIDER, FIELD, Fix, csv_of, read_fixes
from kerascnn.spec import Sample, Scan, Spec
from kerascnn.spec.section import nearest
from kerascnn.spec.yaml_text import write_yaml


class Fixes:
    """The judgements of a file that fits the samples of a source."""

    def __init__(self, spec: Spec, scan: Scan):
        """Read `data.fixes`, if there is one. Raises DataError with every line that is wrong."""
        self.by_id: dict[str, Fix] = {}
        self.targets: dict[str, dict[str, Any]] = {}
        if spec.data.fixes is None:
            return
        file, lines = read_fixes(spec.data.fixes)
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
            raise DataError(f"{counted(len(wrong), 'line', 'lines')} of {FIELD} cannot be used", wrong)

    @property
    def left_out(self) -> set[str]:
        """The samples that are of no use."""
        return {name for name, fix in self.by_id.items() if fix.action == "leave_out"}

    def apply(self, samples: Sequence[Sample]) -> list[Sample]:
        """Return the samples that stay, with their right answers."""
        if not self.by_id:
            return list(samples)
        out = self.left_out
        return [replace(s, **self.targets[s.id]) if s.id in self.targets else s for s in samples if s.id not in out]

    def notes(self) -> list[str]:
        """Return a sentence on how many there are of each, none where there is no file."""
        if not self.by_id:
            return []
        count = Counter(fix.action for fix in self.by_id.values())
        many = counted(count["relabel"], "sample", "samples")
        return [f"{FIELD}: {many} relabelled, {count['leave_out']} left out, {count['keep']} kept as they are"]


def fixed(spec: Spec, scan: Scan) -> Scan:
    """Return what the source found, with `data.fixes` laid over it. Raises DataError where that does not fit."""
    return replace(scan, samples=Fixes(spec, scan).apply(scan.samples))


def judged_in(run: RunFolder) -> list[Fix]:
    """Return what was said of samples in the run's own `data.fixes`. Raises DataError."""
    path = run.read("spec.resolved.json")["data"].get("fixes")
    return [] if path is None else [fix for _, fix in read_fixes(path)[1]]


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
    if path.suffix.lower() == ".csv":
        write_bytes(path, csv_of(fixes))
    else:
        write_text(path, write_yaml([asdict(fix) for fix in fixes]))
    return len(candidates)


def _candidate(row: Mapping[str, Any]) -> Fix:
    label, other = (DIVIDER.join(names) if isinstance(names, list) else names for names in
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
    names = [name.strip() for name in label.split(DIVIDER)] if label.strip() else []
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
        raise ValueError(f"has the label '{label}'; it should be {many} divided by {DIVIDER}")
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
