"""The check of a version of the data: what `kerascnn data check` says of it, and what can be done about that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.runs.atomic import write_text
from kerascnn.spec import Spec, plugins
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
_FILE = "spec.yaml"
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


@dataclass(frozen=True)
class Plan:
    """The spec that a version is checked with."""

    text: str
    spec: Spec
    mistakes: str = ""
    """What is wrong with the project's draft, which was passed over then."""


def plan_for(project: Project, version: Version) -> Plan:
    """Return the spec whose data are this version: the project's draft, or the balanced preset while there is none.

    A draft that is wrong is passed over. It takes a moment: a page asks once. Raises UsageError where no template fits,
    and SpecError.
    """
    mistakes = ""
    try:
        draft = project.draft()
        if draft is not None:
            text = with_data(draft, version)
            return Plan(text, parse_spec(text, _FILE))
    except KerasCnnError as error:
        mistakes = str(error)
    text = _of_preset(project, version)
    return Plan(text, parse_spec(text, _FILE), mistakes)


def start_check(project: Project, version: Version, plan: Plan, *, id: str = "") -> Job:
    """Start the check of a version; a second time with the same id does nothing. Raises SpecError and UsageError.

    Without an id it has one of its own for what is checked: whoever opens the page first starts it.
    """
    id = id or f"check-{version.name}-{_facts(version, plan)['spec']}"
    if (found := project.jobs.find(id)) is not None:
        return found
    own_spec(project, plan.text)
    file = project.folder / "checks" / f"{id}.yaml"
    _write(file, plan.text)
    command = ["kerascnn", "data", "check", str(file), "--json"]
    return project.jobs.start(KIND, command, id=id, facts=_facts(version, plan))


def last_check(project: Project, version: Version) -> Job | None:
    """Return the last check of a version, whatever the draft said then."""
    return project.jobs.last(KIND, version=version.name)


def is_current(version: Version, plan: Plan, job: Job) -> bool:
    """Return whether a check was made of what the spec says now."""
    return bool(job.facts.get("spec") == _facts(version, plan)["spec"])


def start_preview(project: Project, version: Version, plan: Plan, *, seed: int, id: str = "") -> Job:
    """Draw training pictures as the model will see them, others for each seed; ids are as for `start_check`."""
    id = id or f"preview-{version.name}-{seed}-{_facts(version, plan)['spec']}"
    if (found := project.jobs.find(id)) is not None:
        return found
    text = with_changes(plan.text, {"train.seed": seed})
    own_spec(project, text)
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


def _of_preset(project: Project, version: Version) -> str:
    names = templates_of(project.facts().task)
    if not names:
        raise UsageError(
            f"there is no template for the task '{project.facts().task}'; write a spec on the page Train, under YAML"
        )
    return preset_text(project, version, "balanced", names, data_facts(project, version))


def _facts(version: Version, plan: Plan) -> dict[str, str]:
    return {"version": version.name, "spec": hashlib.sha256(plan.text.encode()).hexdigest()[:16]}


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


def division_of(plan: Plan) -> Division:
    """Return how the data are divided, as the spec says."""
    split = plan.spec.data.split
    return Division(split.validation, split.test, split.order, split.group_by or "")
