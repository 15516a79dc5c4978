"""The check of a version of the data: what `kerascnn data check` says of it, and what can be done about that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.runs.atomic import write_text
from kerascnn.spec import plugins
from kerascnn.spec.data import STOPPING
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.data_facts import data_facts
from kerascnn_dashboard.logic.drafts import with_changes, with_data
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.own_files import own_spec
from kerascnn_dashboard.logic.presets import preset_text, templates_of
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.sources import source_of

KIND, PREVIEW = "check", "preview"
SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Found:
    """One thing that the check found."""

    id: str
    severity: str
    message: str
    """What it is, and what to do, in the check's own words."""
    samples: tuple[str, ...]
    """Names of samples (or of classes, or groups)."""
    allowed: bool
    """Whether the version says that it may stand."""
    counts: int
    """How many samples it is about, 0 where it is about the whole."""

    @property
    def blocks(self) -> bool:
        """Whether nothing can be trained before it is dealt with."""
        return self.severity == "error" and not self.allowed

    @property
    def can_be_allowed(self) -> bool:
        """Whether `data.allow` takes it."""
        return self.severity == "error" and self.id in STOPPING and not self.allowed


@dataclass(frozen=True)
class Check:
    """What is known of a version after its check."""

    samples: int
    sizes: Mapping[str, int]
    """Samples in each split."""
    classes: Mapping[str, Mapping[str, int]]
    """Samples of each class in each split; {} where samples are of no single class."""
    labels: tuple[str, ...]
    """The classes, or the names of the numbers, that are answered with."""
    findings: tuple[Found, ...]
    """The worst first."""
    elements: Mapping[str, Any]
    """Sizes and formats of pictures."""
    shape: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def problems(self) -> int:
        """How many findings are more than a note, but for those that may stand."""
        return sum(one.severity != "note" and not one.allowed for one in self.findings)

    @property
    def blocking(self) -> list[Found]:
        """The findings that stop a training."""
        return [one for one in self.findings if one.blocks]


def spec_for(project: Project, version: Version, *, seed: int | None = None) -> str:
    """Return the spec whose data are this version: the project's draft, or the balanced preset while there is none.

    A draft that is wrong is passed over; `draft_mistakes` says so. Raises UsageError where no template fits, and
    SpecError.
    """
    text = _of_draft(project, version)
    if text is None:
        text = _of_preset(project, version)
    return text if seed is None else with_changes(text, {"train.seed": seed})


def draft_mistakes(project: Project, version: Version) -> str:
    """Return what is wrong with the draft, so that the check goes without it; "" where it is right or not there."""
    try:
        draft = project.draft()
        if draft is not None:
            parse_spec(with_data(draft, version), "spec.yaml")
    except KerasCnnError as error:
        return str(error)
    return ""


def start_check(project: Project, version: Version, *, id: str = "") -> Job:
    """Start the check of a version; a second time with the same id does nothing. Raises SpecError and UsageError.

    Without an id it has one of its own for what is checked: whoever opens the page first starts it.
    """
    text = spec_for(project, version)
    own_spec(project, text)
    id = id or f"check-{version.name}-{_facts(version, text)['spec']}"
    if (found := project.jobs.find(id)) is not None:
        return found
    file = project.folder / "checks" / f"{id}.yaml"
    _write(file, text)
    command = ["kerascnn", "data", "check", str(file), "--json"]
    return project.jobs.start(KIND, command, id=id, facts=_facts(version, text))


def last_check(project: Project, version: Version) -> Job | None:
    """Return the last check of a version, whatever the draft said then."""
    return project.jobs.last(KIND, version=version.name)


def is_current(project: Project, version: Version, job: Job) -> bool:
    """Return whether a check was made of what the spec says now."""
    try:
        return job.facts.get("spec") == _facts(version, spec_for(project, version))["spec"]
    except KerasCnnError:
        return False


def start_preview(project: Project, version: Version, *, seed: int, id: str = "") -> Job:
    """Draw training pictures as the model will see them, others for each seed; ids are as for `start_check`."""
    text = spec_for(project, version, seed=seed)
    own_spec(project, text)
    id = id or f"preview-{version.name}-{seed}-{_facts(version, text)['spec']}"
    if (found := project.jobs.find(id)) is not None:
        return found
    file = project.folder / "checks" / f"{id}.yaml"
    _write(file, text)
    command = [
        "kerascnn", "data", "preview", str(file), "--out", "preview.png", "--samples", "6", "--variants", "3",
    ]  # fmt: skip
    return project.jobs.start(PREVIEW, command, id=id, facts={"version": version.name, "seed": seed})


def result_of(job: Job, version: Version) -> Check | None:
    """Return what a check found, None where it runs, or failed before it found anything.

    A check whose findings stop a training ends with an error code, and has found something all the same.
    """
    if job.state() not in ("done", "failed"):
        return None
    try:
        raw = job.output()
        allowed = frozenset(map(str, version.data.get("allow") or ()))
        findings = [_found(one, allowed) for one in raw["findings"]]
        findings.sort(key=lambda one: (not one.blocks, SEVERITIES.index(one.severity), one.id))
        counts: Mapping[str, Mapping[str, int]] = raw["counts"]
        labels = list(dict.fromkeys(label for part in counts.values() for label in part))
        classes = {label: {part: int(counts[part].get(label, 0)) for part in counts} for label in labels}
        told = classes if any(any(parts.values()) for parts in classes.values()) else {}
        return Check(
            int(raw["samples"]), dict(raw["sizes"]), told, tuple(labels), tuple(findings), dict(raw["elements"] or {}),
            tuple(raw["shape"]), tuple(map(str, raw["notes"])),
        )  # fmt: skip
    except (UsageError, KeyError, TypeError, ValueError, AttributeError):
        return None


def preview_of(job: Job) -> Path | None:
    """Return the PNG that a preview drew, None where it drew none."""
    file = job.folder / "preview.png"
    return file if job.state() == "done" and file.is_file() else None


def about_source(version: Version) -> tuple[str, str]:
    """Return the kind of data that a version's source gives and what its samples are answered with.

    Both are "" for a source that is not installed, or is wrong.
    """
    plugins.load_all()
    try:
        source = source_of(version.data["source"])
    except (KerasCnnError, ValueError, TypeError):
        return "", ""
    return source.gives, source.target


def _found(raw: Mapping[str, Any], allowed: frozenset[str]) -> Found:
    samples = tuple(map(str, raw["samples"]))
    if raw["severity"] not in SEVERITIES:
        raise ValueError(raw["severity"])
    return Found(
        str(raw["id"]), str(raw["severity"]), str(raw["message"]), samples, str(raw["id"]) in allowed, len(samples)
    )


def _of_draft(project: Project, version: Version) -> str | None:
    try:
        draft = project.draft()
        if draft is None:
            return None
        text = with_data(draft, version)
        parse_spec(text, "spec.yaml")
    except KerasCnnError:
        return None
    return text


def _of_preset(project: Project, version: Version) -> str:
    names = templates_of(project.facts().task)
    if not names:
        raise UsageError(
            f"there is no template for the task '{project.facts().task}'; write a spec on the page Train, under YAML"
        )
    text = preset_text(project, version, "balanced", names, data_facts(project, version))
    parse_spec(text, "spec.yaml")
    return text


def _facts(version: Version, text: str) -> dict[str, str]:
    return {"version": version.name, "spec": hashlib.sha256(text.encode()).hexdigest()[:16]}


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    write_text(file, text)


@dataclass(frozen=True)
class Division:
    """How the data are divided now."""

    validation: float
    test: float
    order: str
    group_by: str


def division_of(project: Project, version: Version) -> Division:
    """Return how a version is divided, as its spec says. Raises SpecError and UsageError."""
    split = parse_spec(spec_for(project, version), "spec.yaml").data.split
    return Division(split.validation, split.test, split.order, split.group_by or "")
