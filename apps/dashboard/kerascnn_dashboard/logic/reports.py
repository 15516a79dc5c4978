"""The report of a run: where its files are, whether it says the newest, and what is ready."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.runs.account import how_to_repeat
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.jobs import shell
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.run_notes import notes_of

KIND = "report"
FILES = {"report.html": "Report (HTML)", "report.json": "Figures (JSON)", "model_card.md": "Model card (Markdown)"}
"""What can be downloaded, by its name."""
_NEWER = ("evaluation", "calibration.json", "robustness.json", "model.keras")
_EXPORTS = "exports/*/export.json"


@dataclass(frozen=True)
class Gate:
    """One thing that a model has to have passed before it is used."""

    title: str
    passed: bool | None
    """None where it does not apply."""
    reason: str


@dataclass(frozen=True)
class Report:
    """What report.json says."""

    methods: str
    gates: tuple[Gate, ...]
    verdicts: Mapping[str, str]


def command(run: RunFolder, project: Project) -> list[str]:
    """Return the command that writes a run's report."""
    return ["kerascnn", "report", run.id, "--runs", str(project.runs), "--json"]


def lacking(run: RunFolder) -> str:
    """Return why no report can be written of a run, "" where one can."""
    missing = [name for name in ("data.json", "effective.json") if not (run.path / name).is_file()]
    if not missing:
        return ""
    return "This model was brought in as a file; how it was trained and judged stands in the report of its own project."


def is_current(run: RunFolder) -> bool:
    """Return whether the report is there and says what the run holds now."""
    try:
        written = min((run.path / name).stat().st_mtime for name in FILES)
    except OSError:
        return False
    return written >= _changed(run.path)


def _changed(folder: Path) -> float:
    """Return when something that a report tells was changed last."""
    newest = 0.0
    for name in _NEWER:
        path = folder / name
        try:
            files = [path, *path.iterdir()] if path.is_dir() else [path]
            # A folder changes when a page is written beside the figures: only files tell.
            newest = max(
                [newest, *(os.stat(file).st_mtime for file in files if file.is_file() and file.suffix != ".html")]
            )
        except OSError:
            continue
    return max([newest, *(file.stat().st_mtime for file in folder.glob(_EXPORTS))])


def report_of(run: RunFolder) -> Report:
    """Return what the run's report.json says. Raises UsageError where it cannot be read."""
    try:
        raw = json.loads((run.path / "report.json").read_text("utf-8"))
        gates = tuple(Gate(str(one["title"]), one["passed"], str(one["reason"])) for one in raw["readiness"])
        verdicts = {str(split): str(said) for split, said in raw["verdicts"].items()}
        return Report(str(raw["methods"]), gates, verdicts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{run.path / 'report.json'} cannot be read: {error}; write the report again") from None


def repeat_lines(run: RunFolder) -> list[str]:
    """Return what is needed to repeat a run, [] where the run does not tell."""
    try:
        return how_to_repeat(run)
    except (KerasCnnError, KeyError, TypeError):
        return []


def repeat_command(run: RunFolder) -> str:
    """Return the command that trains the run again."""
    return shell(["kerascnn", "train", str(run.path / "spec.resolved.json")])


def bundle_file(project: Project, run: RunFolder) -> Path:
    """Return where the bundle of a run's model is written, one for each state of the model."""
    stamp = int((run.path / "model.keras").stat().st_mtime)
    return project.folder / "bundles" / f"{run.id}-{stamp}" / f"{_title(run)}.zip"


def _title(run: RunFolder) -> str:
    """Return the name of a download: letters, digits and what is safe on every system."""
    try:
        name = notes_of(run).name or str(run.about().get("name", ""))
    except KerasCnnError:
        name = ""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in name).strip("-")
    return f"{kept[:60] or 'model'}-{run.id}"


def counted_gates(gates: Sequence[Gate]) -> tuple[int, int]:
    """Return how many of the gates that apply are passed, and how many apply."""
    asked = [gate for gate in gates if gate.passed is not None]
    return sum(gate.passed is True for gate in asked), len(asked)
