"""Maps of where a run's answers come from, made by `kerascnn explain` as a job and kept in the home's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.evaluation import key_of
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project

KIND = "explain"
_WORDS = 60


@dataclass(frozen=True)
class Explained:
    """Where one answer comes from."""

    label: str
    """What is explained: the class that was said."""
    picture: str = ""
    """A picture with the map over it."""
    words: tuple[tuple[str, float], ...] = ()
    """Of a text its words, each with its share of the strongest one's weight, 0 to 1."""


def explained(project: Project, run: RunFolder) -> dict[str, Explained]:
    """Return what was explained of the run's model as it is now, by the files of the samples."""
    found = {}
    for job in reversed(project.jobs.all(KIND, run=run.id, model=_model(run))):
        for row in _rows(job):
            found[str(row["path"])] = _one(row)
    return found


def explain(home: Home, project: Project, run: RunFolder, files: Sequence[str], again: int = 0) -> Job | None:
    """Return the job that explains those files for which there is no map yet; None where all have one.

    One works at a time for a run: the job that runs is returned, whatever it is about. The same files are explained
    once, however often this is asked; `again` is raised to try once more.
    """
    there = explained(project, run)
    wanted = sorted(file for file in dict.fromkeys(files) if file and file not in there)
    if not wanted:
        return None
    last = project.jobs.last(KIND, run=run.id)
    if last is not None and last.state() == "running":
        return last
    name = hashlib.sha256(f"{run.path}\0{_model(run)}".encode()).hexdigest()[:24]
    folder = home.folder / "cache" / "explained" / name
    command = ["kerascnn", "explain", run.id, *wanted, "--output", str(folder), "--runs", str(project.runs), "--json"]
    id = key_of(KIND, run.id, _model(run), wanted, again)
    return project.jobs.start(KIND, command, id=id, facts={"run": run.id, "model": _model(run)})


def _model(run: RunFolder) -> str:
    """Return by what the model is known: it is another one after a calibration."""
    try:
        return str((run.path / "model.keras").stat().st_mtime_ns)
    except OSError:
        raise UsageError(f"run {run.id} has no model") from None


def _rows(job: Job) -> list[dict[str, Any]]:
    """Return what a job explained: where one of its files could not be read it failed, and the others are there."""
    if job.exit_code() is None:
        return []
    try:
        rows = job.output()
    except UsageError:
        return []
    return [row for row in rows if isinstance(row, dict) and "path" in row] if isinstance(rows, list) else []


def _one(row: dict[str, Any]) -> Explained:
    words = tuple((str(word), float(weight)) for word, weight in (row.get("tokens") or [])[:_WORDS])
    most = max((abs(weight) for _, weight in words), default=0.0) or 1.0
    picture = str(row.get("file", ""))
    shown = picture if picture.endswith(".png") and Path(picture).is_file() else ""
    return Explained(str(row.get("label", "")), shown, tuple((word, abs(weight) / most) for word, weight in words))
