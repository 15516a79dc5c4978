"""Imports of data as the page sees them: begun, followed, stopped, and put aside when they were looked at."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.progress import progress
from kerascnn_dashboard.logic.project import Project, Version

_ASIDE = "put-aside"
"""The file in a job's folder that says that the user has seen how it ended."""


@dataclass(frozen=True)
class Import:
    """The last import of a project, as it is now."""

    job: Job
    state: str
    """running, done, choose (it waits for the user to choose), failed, stopped or lost."""
    name: str
    """What is brought in."""
    done: float = 0.0
    """How far it is, from 0 to 1."""
    text: str = ""
    """What it is at, or why it failed."""
    seconds_left: float | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    """What it printed: the version, and the ways to read the data."""
    origin: Job | None = None
    """The job whose ways to read the data the user chooses from."""

    @property
    def candidates(self) -> Sequence[Mapping[str, Any]]:
        """The ways to read the data."""
        return list(self.result.get("candidates") or ())


def begin(home: Home, project: Project, order: Mapping[str, Any], *, id: str, name: str, by: str = "") -> Job:
    """Start an import; a second time with the same id starts nothing. Raises UsageError for a path that is not allowed.

    `order` is as `kerascnn_dashboard.importing` takes it.
    """
    if order.get("way") == "folder":
        home.allowed(str(order.get("path", "")))
    whole = json.dumps({**order, "by": by}, ensure_ascii=False)
    command = ["kerascnn_dashboard.importing", str(home.folder), project.name, whole]
    facts = {"name": name, "way": order.get("way"), **({"origin": order["origin"]} if "origin" in order else {})}
    return project.jobs.start("import", command, id=id, facts=facts)


def last(project: Project) -> Import | None:
    """Return the last import as it is now; None where there is none, or the user has put it aside."""
    job = project.jobs.last("import")
    if job is None or (job.folder / _ASIDE).exists():
        return None
    state, name = job.state(), str(job.facts.get("name", ""))
    origin = _origin(project, job)
    if state == "running":
        done, text = progress(job.log())
        return Import(job, state, name, done, text, _left(job, done))
    if state != "done":
        # Where the user chose wrongly the choice is still there.
        result = _result(origin) if origin else {}
        return Import(job, state, name, text=job.reason(), result=result, origin=origin)
    result = _result(job)
    if "version" in result:
        own = origin or job
        return Import(job, "done", name, 1.0, result={**_result(own), **result}, origin=own)
    if not result.get("candidates"):
        return Import(job, "failed", name, text="what it said cannot be read; try again")
    return Import(job, "choose", name, 1.0, result=result, origin=job)


def _origin(project: Project, job: Job) -> Job | None:
    id = job.facts.get("origin")
    return project.jobs.find(id) if isinstance(id, str) else None


def _result(job: Job) -> dict[str, Any]:
    try:
        found = job.output()
    except UsageError:
        return {}
    return found if isinstance(found, dict) else {}


def _left(job: Job, done: float) -> float | None:
    return (time.time() - job.started) * (1 - done) / done if 0.02 < done < 1 else None


def put_aside(project: Project, seen: Import) -> None:
    """Show this import no more; what it left for the user to choose from is removed, unless a version is about it."""
    for job in (seen.job, seen.origin):
        if job is None:
            continue
        (job.folder / _ASIDE).touch()
        name = str(_result(job).get("folder", ""))
        folder = project.folder / "data" / name
        used = any(str(folder) in str(version.data) for version in project.versions())
        if name.startswith("import-") and folder.parent == project.folder / "data" and not used:
            shutil.rmtree(folder, ignore_errors=True)


def changes(versions: Sequence[Version]) -> list[str]:
    """Return in sentences what is different between the last version and the one before it."""
    if len(versions) < 2:
        return []
    old, new = versions[-2], versions[-1]
    before, after = old.facts.get("counts") or {}, new.facts.get("counts") or {}
    found = []
    more = int(new.facts.get("samples") or 0) - int(old.facts.get("samples") or 0)
    if new.facts.get("samples") is not None and old.facts.get("samples") is not None and more:
        found.append(f"{abs(more)} sample{'s' if abs(more) != 1 else ''} {'more' if more > 0 else 'fewer'}")
    for word, names in (("new", [*after.keys() - before.keys()]), ("gone", [*before.keys() - after.keys()])):
        if names and before and after:
            found.append(f"{word}: the class{'es' if len(names) > 1 else ''} {', '.join(sorted(names)[:8])}")
    if dict(old.data["source"]) != dict(new.data["source"]):
        found.append("read from another place, or in another way")
    for key, said in (
        ("fixes", "labels"),
        ("allow", "findings that are allowed"),
        ("split", "the division into parts"),
    ):
        if old.data.get(key) != new.data.get(key):
            found.append(f"{said} changed")
    return found or ["nothing that is counted changed"]
