"""New versions of the data out of a check: what may stand, what is left out, how it is divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerascnn.errors import UsageError
from kerascnn.spec.data import STOPPING
from kerascnn_dashboard.logic.checks import plan_for
from kerascnn_dashboard.logic.cleaning import OUT, Judgement, save
from kerascnn_dashboard.logic.project import Project, Version


def allow(project: Project, version: Version, id: str, *, by: str = "") -> Version:
    """Let a finding stand, by its name; return the new version. Raises UsageError."""
    if id not in STOPPING:
        raise UsageError(f"'{id[:80]}' stops no training; there is nothing to allow")
    allowed = [*map(str, version.data.get("allow") or ())]
    if id in allowed:
        raise UsageError(f"{version.name} allows {id} already")
    data = {**version.data, "allow": [*allowed, id]}
    return _add(project, version, data, f"{version.name}, where {id} may stand", by)


def leave_out(project: Project, version: Version, ids: Sequence[str], *, why: str, by: str = "") -> Version:
    """Leave samples out, by their names, without touching their files; return the new version. Raises UsageError."""
    if not ids:
        raise UsageError("choose at least one sample to leave out")
    judged = [Judgement(id, OUT, "", by, why) for id in dict.fromkeys(ids)]
    return save(project, judged, after=version.name, by=by)


def divide(
    project: Project, version: Version, *, validation: float, test: float, group_by: str, order: str, by: str = ""
) -> Version:
    """Divide the data in another way; return the new version. Raises SpecError and UsageError for what cannot be."""
    if validation + test >= 1:
        raise UsageError("validation and test together take everything; leave something to train on")
    split: dict[str, Any] = {**(version.data.get("split") or {}), "validation": validation, "test": test}
    split |= {"group_by": group_by.strip() or None, "order": order}
    split = {name: value for name, value in split.items() if value is not None}
    if split == (version.data.get("split") or {}):
        raise UsageError(f"{version.name} is divided in this way already")
    data = {**version.data, "split": split}
    said = f"{validation:.0%} for validation, {test:.0%} for the test"
    return _add(project, version, data, f"{version.name} divided anew: {said}", by)


def _add(project: Project, version: Version, data: Mapping[str, Any], about: str, by: str) -> Version:
    """Write the new version where the spec with it is right. Raises SpecError and UsageError."""
    tried = Version(version.name, data, "cleaning", about, facts=version.facts)
    plan_for(project, tried)
    return project.add_version(data, "cleaning", about, by=by, after=version.name, facts=version.facts)
