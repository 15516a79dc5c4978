"""The runs of a project whose model is kept: which there are, in which order, and what they are called on each page."""

from __future__ import annotations

from datetime import UTC, datetime

from kerascnn.errors import KerasCnnError
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn_dashboard.logic.every_label import is_fold
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.run_notes import notes_of


def models_of(project: Project) -> dict[str, RunFolder]:
    """Return the runs that have a model, by their ids, the last one first; damaged ones are passed over.

    The page Runs names those that cannot be read. Runs of folds, which stand for many at once, come behind the others.
    """
    there = [run for run in reversed(list_runs(project.runs)) if _is_whole(run)]
    return {run.id: run for run in sorted(there, key=is_fold)}


def name_of(run: RunFolder) -> str:
    """Return what a run is called: as somebody named it, else as its spec does, else its id."""
    if given := notes_of(run).name:
        return given
    try:
        return str(run.about().get("name") or run.id)
    except KerasCnnError:
        return run.id


def say_run(run: RunFolder) -> str:
    """Return what a run is called in a list: its name and when it began."""
    try:
        began = datetime.fromtimestamp(float(run.about().get("created") or 0.0), UTC).astimezone()
        return f"{name_of(run)}, {began:%d %b %Y %H:%M:%S}"
    except (KerasCnnError, ValueError, TypeError, OverflowError):
        return name_of(run)


def _is_whole(run: RunFolder) -> bool:
    if not (run.path / "model.keras").is_file() or not (run.path / "spec.resolved.json").is_file():
        return False
    try:
        run.about()
    except KerasCnnError:
        return False
    return True
