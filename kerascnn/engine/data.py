"""From a source to batches: every sample read once and checked, divided, and ready to be taken in any order."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.engine.answers import Answers
from kerascnn.engine.assign import check_hashes, read_assignment
from kerascnn.engine.check import check
from kerascnn.engine.fixes import Fixes, fixed
from kerascnn.engine.media import ELEMENTS, Elements
from kerascnn.engine.media.base import name_of
from kerascnn.engine.metadata import with_metadata
from kerascnn.engine.progress import Progress
from kerascnn.engine.split import Division, split_samples
from kerascnn.errors import DataError, counted
from kerascnn.runs.atomic import write_bytes
from kerascnn.spec import DataInfo, Finding, Sample, Spec, spec_from_dict
from kerascnn.spec.data import SPLITS
from kerascnn.spec.paths import paths_of

QUARANTINE = "quarantine"
"""What the manifest says instead of a split of a sample that cannot be read."""

FOR_THE_CHECK = ("thumb", "alike")
"""Facts that the check looks at and the manifest does without."""


@dataclass(frozen=True)
class Dataset:
    """All samples of a spec's data, read and divided."""

    info: DataInfo
    elements: Elements
    answers: Answers
    samples: Sequence[Sample]
    parts: list[str]
    """Split of each sample, `quarantine` for those that cannot be read."""
    manifest: list[dict[str, Any]]
    """A line for each sample, as the run keeps it."""
    notes: Sequence[str]
    """What was left out, in sentences."""
    findings: Sequence[Finding]
    """What is odd about the samples."""

    def indices(self, split: str) -> np.ndarray:
        """Return the numbers of the samples of a split."""
        return np.array([i for i, part in enumerate(self.parts) if part == split], dtype=int)

    @property
    def sizes(self) -> dict[str, int]:
        """The number of samples of each split that there is."""
        return _sizes(self.parts)

    @property
    def fingerprint(self) -> str:
        """A hash of every sample's content, answer and split: the version of the data set."""
        return fingerprint(self.manifest)

    def refuse_errors(self, allow: Sequence[str]) -> None:
        """Raise DataError where there are findings that stop a training and are not allowed by name."""
        stopping = [finding for finding in self.findings if finding.severity == "error" and finding.id not in allow]
        if not stopping:
            return
        unreadable = [finding for finding in stopping if finding.id == "unreadable"]
        others = [(finding.id, str(finding)) for finding in stopping if finding.id != "unreadable"]
        bad = [
            (name_of(sample), line["reason"])
            for sample, line in zip(self.samples, self.manifest, strict=True)
            if unreadable and line["split"] == QUARANTINE
        ]
        ids = ", ".join(finding.id for finding in stopping)
        what = (
            f"{len(bad)} of {len(self.samples)} {self.elements.plural} cannot be read"
            if bad
            else "the data check found errors"
        )
        what += f" and the check found {counted(len(others), 'more error', 'more errors')}" if bad and others else ""
        raise DataError(f"{what}; mend them, or let them stand with data.allow: [{ids}]", [*others, *bad])


def fingerprint(manifest: Sequence[dict[str, Any]]) -> str:
    """Return a hash of every sample's name, content, answer and split, whatever their order."""
    answers = ("label", "classes", "values", "boxes", "mask")
    lines = sorted(
        json.dumps([m["id"], m.get("sha256"), [m.get(key) for key in answers], m["split"]], ensure_ascii=True)
        for m in manifest
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def load_data(spec: Spec, progress: Progress | None = None, *, keep: bool = True) -> Dataset:
    """Return the data of a spec; `keep` is false where nothing will be taken from it.

    Raises DataError for what makes the whole useless. What is wrong with single samples is a finding, and
    `Dataset.refuse_errors` raises for those that stop a training.
    """
    scan = spec.data.source.scan()
    kind, labels = spec.data.source.target, tuple(scan.labels)
    fixes = Fixes(spec, scan)
    as_found, notes, hashes, folds = _assigned(scan.samples, spec, fixes.left_out)
    samples, told = with_metadata(fixes.apply(as_found), spec)
    notes = [*notes, *fixes.notes(), *told]
    if kind == "class":
        _check_classes(samples, labels)
    elif not samples:
        raise DataError("the source holds no sample")
    elements = ELEMENTS[spec.data.source.gives].read(samples, spec, progress or Progress(), keep=keep)
    good = [i for i, facts in enumerate(elements.facts) if "reason" not in facts]
    bad = [(name_of(samples[i]), facts["reason"]) for i, facts in enumerate(elements.facts) if "reason" in facts]
    if not good:
        raise _unreadable(bad, len(samples), elements.plural)
    sound = [samples[i] for i in good]
    contents = [elements.facts[i]["sha256"] for i in good]
    check_hashes(sound, hashes, contents)
    division = _divided(sound, as_found, fixes.left_out, contents, spec, folds)
    parts = [QUARANTINE] * len(samples)
    answers = Answers(samples, scan, kind, elements.facts, elements.form)
    lines = [
        {"id": sample.id, **answers.spell(i, sample), "split": QUARANTINE, **facts}
        for i, (sample, facts) in enumerate(zip(samples, elements.facts, strict=True))
    ]
    for i, part, group, fold in zip(good, division.parts, division.groups, division.folds, strict=True):
        parts[i] = lines[i]["split"] = part
        lines[i] |= {"group": group} if group else {}
        lines[i] |= {"fold": fold} if fold is not None else {}
        lines[i] |= {"metadata": dict(samples[i].metadata)} if samples[i].metadata else {}
    if kind == "class" and not spec.task.open_set:
        _check_splits(samples, parts, labels, bad, elements.plural)
    train = np.flatnonzero(np.array(parts) == "train")
    if not len(train):
        raise DataError("no sample is left to train on; lower data.split.validation and data.split.test")
    elements.learn(train)
    info = DataInfo(elements.shape, labels, _counts(samples, parts, labels), sizes=_sizes(parts))
    info = elements.describe(info)
    found = check(lines, division.torn, image_size=spec.data.image_size, resize=spec.data.resize)
    findings = [*scan.findings, *answers.findings, *found]
    manifest = [{key: value for key, value in line.items() if key not in FOR_THE_CHECK} for line in lines]
    return Dataset(info, elements, answers, samples, parts, manifest, [*scan.notes, *notes], findings)


def _divided(
    sound: Sequence[Sample],
    as_found: Sequence[Sample],
    out: Set[str],
    contents: Sequence[str],
    spec: Spec,
    folds: dict[str, int] | None,
) -> Division:
    """Divide samples by the source's own answers and with those left out, so that `data.fixes` moves none elsewhere."""
    own = {sample.id: sample for sample in as_found}
    whole = [own[sample.id] for sample in sound]
    away, theirs = _read_away([own[name] for name in own if name in out], spec)
    hashes = [*contents, *theirs]
    found = split_samples(
        [*whole, *away], spec.data.split, spec.train.seed, hashes, folds, whole_classes=spec.task.open_set
    )
    return replace(
        found, parts=found.parts[: len(sound)], groups=found.groups[: len(sound)], folds=found.folds[: len(sound)]
    )


def _read_away(samples: Sequence[Sample], spec: Spec) -> tuple[list[Sample], list[str]]:
    """Return those of the samples left out that can be read, and a hash of the content of each."""
    if not samples:
        return [], []
    try:
        facts = ELEMENTS[spec.data.source.gives].read(samples, spec, Progress(), keep=False).facts
    except DataError:
        return [], []  # what concerns them all, such as sizes that do not agree: no training is to stop for them
    pairs = [(sample, its["sha256"]) for sample, its in zip(samples, facts, strict=True) if "reason" not in its]
    return [sample for sample, _ in pairs], [content for _, content in pairs]


def _sizes(parts: Sequence[str]) -> dict[str, int]:
    found = Counter(parts)
    return {split: found[split] for split in SPLITS if found[split]}


def _assigned(
    samples: Sequence[Sample], spec: Spec, fixed_out: Set[str] = frozenset()
) -> tuple[list[Sample], list[str], dict[str, str], dict[str, int] | None]:
    """Return the samples with the splits that files give them, and what is left out of them."""
    assigned = read_assignment(samples, spec.data.split, fixed_out)
    if spec.data.split.file is None and spec.data.split.lists is None:
        return list(samples), [], {}, None
    out = set(assigned.left_out)
    kept = [replace(s, split=assigned.parts.get(s.id, s.split)) for s in samples if s.id not in out]
    said = len(out - fixed_out)
    notes = [f"{counted(said, 'sample', 'samples')} on no list of data.split left out"] if said else []
    return kept, notes, assigned.hashes, assigned.folds or None


def anchor(spec: Spec) -> Spec:
    """Return the spec with the paths of its data made absolute, so that the run can be used from any folder."""
    tree = spec.spell()
    for _, section, field in paths_of(spec, tree):
        section[field] = os.path.abspath(os.path.expanduser(section[field]))
    return spec_from_dict(tree)


def scan_info(spec: Spec) -> DataInfo:
    """Return the info that a network is built for, from the first element of the source alone. Raises DataError."""
    scan = fixed(spec, spec.data.source.scan())
    if spec.data.source.target == "class":
        _check_classes(list(scan.samples), tuple(scan.labels))
    elif not scan.samples:
        raise DataError("the source holds no sample")
    medium = ELEMENTS[spec.data.source.gives]
    # A text or a series says nothing of the others; a picture does.
    some = scan.samples[:1] if spec.data.source.gives == "image" else scan.samples
    found = medium.read(some, spec, Progress())
    good = np.flatnonzero(["reason" not in facts for facts in found.facts])
    if not len(good):
        raise DataError(f"a {found.noun} cannot be read", [(name_of(some[0]), found.facts[0]["reason"])])
    found.learn(good)
    return found.describe(DataInfo(found.shape, tuple(scan.labels)))


def _unreadable(bad: Sequence[tuple[str, str]], count: int, plural: str) -> DataError:
    return DataError(f"{len(bad)} of {count} {plural} cannot be read", bad)


def _check_classes(samples: Sequence[Sample], labels: Sequence[str]) -> None:
    counts = Counter(sample.label for sample in samples)
    if not samples:
        raise DataError("the source holds no sample")
    empty = [label for label in labels if not counts[label]]
    if empty:
        raise DataError(
            f"{counted(len(empty), 'class has', 'classes have')} no sample",
            [(label, "is an empty class") for label in empty],
        )
    if len(labels) < 2:
        raise DataError(f"there is only one class, '{labels[0]}'; a classifier needs two or more to tell apart")


def _check_splits(
    samples: Sequence[Sample],
    parts: Sequence[str],
    labels: Sequence[str],
    bad: Sequence[tuple[str, str]],
    plural: str,
) -> None:
    trained = {sample.label for sample, part in zip(samples, parts, strict=True) if part == "train"}
    untrained = [label for label in labels if label not in trained]
    if untrained and bad:  # that is why, or may be
        raise _unreadable(bad, len(samples), plural)
    if untrained:
        raise DataError(
            f"{counted(len(untrained), 'class has', 'classes have')} no sample to train on",
            [(label, "has none in train") for label in untrained],
        )


def _counts(samples: Sequence[Sample], parts: Sequence[str], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return how many samples of each split belong to each class; a sample of several classes counts for each."""
    found: Counter[tuple[str, str]] = Counter()
    for sample, part in zip(samples, parts, strict=True):
        target: Any = sample.target if isinstance(sample.target, tuple) else (sample.label,)
        found.update((part, str(label)) for label in {getattr(item, "label", item) for item in target})
    present = set(parts)
    return {split: {label: found[split, label] for label in labels} for split in SPLITS if split in present}


def write_split(path: Path, data: Dataset) -> None:
    """Write the splits as a table for `data.split.file`. Raises ResourceError."""
    columns = ["id", "sha256", "split"]
    columns += [name for name in ("label", "group", "fold") if any(name in line for line in data.manifest)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for line in sorted(data.manifest, key=lambda line: line["id"]):
        writer.writerow([line.get(name, "") for name in columns])
    write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"))
