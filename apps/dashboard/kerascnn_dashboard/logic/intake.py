"""Scanning a source for a new version of the data: what it holds, and that nothing lies where it may not be read."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kerascnn.errors import DataError, UsageError
from kerascnn.spec.data import Sample, Scan
from kerascnn.spec.kinds import Source
from kerascnn.spec.messages import say
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.sources import source_of

_CLASSES = 500
"""Classes whose counts are kept with a version."""
_LEFT = 24 * 3600.0


@dataclass(frozen=True)
class Scanned:
    """A source that was scanned."""

    source: dict[str, Any]
    """As it stands in the version: without the fields that have their defaults."""
    facts: dict[str, Any]


def parse(home: Home, source: Mapping[str, Any], reads: str, target: str) -> Source:
    """Return the source that fields spell out. Raises UsageError for what is wrong, or may not be read."""
    try:
        made = source_of(source)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {say(one)[0]}" for one in error.errors()[:10]]
        raise UsageError("the way to read the data is not right:\n" + "\n".join(lines)) from None
    if (made.gives, made.target) != (reads, target):
        raise UsageError(
            f"the source {made.type_name} gives {made.gives} with {made.target}; the project's task is about {reads} "
            f"with {target}"
        )
    for name in made.paths:
        value = getattr(made, name)
        if value is not None:
            home.allowed(value)
    return made


def scan(home: Home, project: Project, source: Mapping[str, Any], reads: str, target: str) -> Scanned:
    """Scan a source. Raises DataError with every culprit, and UsageError."""
    made = parse(home, source, reads, target)
    found = made.scan()
    if not found.samples:
        raise DataError("no sample was found in it")
    _refuse_outside(home, found)
    lacking = [label for label, count in _counts(found).items() if not count] if target == "class" else []
    if target == "class" and len(found.labels) < 2:
        raise DataError(f"all samples are of one class, '{found.labels[0]}'; two are needed at least")
    notes = [*found.notes, *(f"the class '{label}' has no sample" for label in lacking)]
    spelled = made.spell()
    default = {name: info.default for name, info in type(made).model_fields.items() if not info.is_required()}
    short = {name: value for name, value in spelled.items() if name not in default or value != default[name]}
    return Scanned(short, _facts(found, notes))


def _counts(found: Scan) -> dict[str, int]:
    counts: Counter[str] = Counter(dict.fromkeys(found.labels, 0))
    for sample in found.samples:
        answers = sample.target if isinstance(sample.target, tuple) else (sample.label,)
        counts.update({str(getattr(one, "label", one)) for one in answers if not isinstance(one, float)})
    return {label: counts[label] for label in found.labels}


def _facts(found: Scan, notes: list[str]) -> dict[str, Any]:
    splits = Counter(sample.split for sample in found.samples if sample.split)
    counts = _counts(found)
    numbers = any(isinstance(sample.target, tuple) and sample.target and isinstance(sample.target[0], float)
                  for sample in found.samples[:1])  # fmt: skip
    masks = isinstance(found.samples[0].target, Path)
    facts: dict[str, Any] = {"samples": len(found.samples), "classes": 0 if numbers else len(found.labels)}
    if not numbers and not masks:
        facts["counts"] = dict(list(counts.items())[:_CLASSES])
    if splits:
        facts["splits"] = dict(splits)
    if notes:
        facts["notes"] = notes[:20]
    if found.findings:
        facts["findings"] = [one.message for one in found.findings][:20]
    return facts


def _refuse_outside(home: Home, found: Scan) -> None:
    """Raise DataError where a list of files leads out of the folders that may be read."""
    roots = [home.folder, *home.roots()]
    known: dict[str, bool] = {}
    wrong = []
    for file in _files(found.samples):
        # A link may stand anywhere on the way; folders are many times fewer than files.
        folder = os.path.dirname(file)
        if folder not in known:
            known[folder] = _within(folder, roots)
        if not known[folder] or (os.path.islink(file) and not _within(os.path.realpath(file), roots)):
            wrong.append((file, "lies outside"))
    if wrong:
        raise DataError("the data lists files in folders that may not be read (Settings changes which may)", wrong[:20])


def _files(samples: Iterable[Sample]) -> Iterable[str]:
    for sample in samples:
        for one in (sample.payload, sample.target):
            if isinstance(one, Path):
                yield str(one)


def _within(path: str, roots: list[Path]) -> bool:
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(root) for root in roots)


def used_by(source: Mapping[str, Any]) -> str:
    """Return the first path of a source, for a sentence."""
    return next((str(value) for key, value in source.items() if key in ("path", "images", "annotations")), "")


def remove_left(project: Project) -> None:
    """Remove what imports left that nobody finished for a day: no version is about it."""
    try:
        texts = [str(version.data) for version in project.versions()]
    except UsageError:
        return
    for folder in (project.folder / "data").glob("*import-*"):
        old = time.time() - folder.stat().st_mtime > _LEFT
        if old and not any(str(folder) in text for text in texts):
            shutil.rmtree(folder, ignore_errors=True)
