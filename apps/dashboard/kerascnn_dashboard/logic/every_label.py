"""A look at every label of a data set: models that each judge the samples which they have not learnt.

A run's own answers are worth something on its validation and test samples alone. So the run's spec is trained anew in
folds (`kerascnn train --folds`), and `kerascnn failures` looks at the test splits of all of them together.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project

KIND = "every-label"
FOLDS = 5
SUFFIX = "-every-label"
"""What the names of the further runs end with."""


def start(project: Project, run: RunFolder, id: str) -> Job:
    """Start the look at every label with the settings of a run. Raises UsageError where the run has no spec."""
    file = project.folder / "jobs" / f"{id}.spec.json"
    spec = spec_of(run.read("spec.resolved.json"))
    if not file.is_file():
        file.parent.mkdir(exist_ok=True)
        write_json(file, spec)
    command = ["kerascnn_dashboard.folding", str(file), str(project.runs), str(project.device_lock)]
    return project.jobs.start(KIND, command, id=id, facts={"run": run.id})


def spec_of(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's spec for folds: divided anew, so that every sample is once held back."""
    found: dict[str, Any] = json.loads(json.dumps(tree))
    found["name"] = f"{found['name'].removesuffix(SUFFIX)[: 64 - len(SUFFIX)]}{SUFFIX}"
    split = found["data"]["split"]
    found["data"]["split"] = {**split, "fold": None, "folds": None, "file": None, "lists": None}
    return found


def found_by(job: Job) -> dict[str, Any] | None:
    """Return what was found, None where the job is not done. Raises UsageError where it cannot be read."""
    return job.output() if job.state() == "done" else None


def is_fold(run: RunFolder) -> bool:
    """Return whether a run is one of several that divide the samples among them."""
    try:
        return run.read("spec.resolved.json")["data"]["split"].get("fold") is not None
    except (KerasCnnError, KeyError, TypeError, AttributeError):
        return False


def first_run(printed: str) -> str:
    """Return the first run of those that `kerascnn train --folds --json` names. Raises ValueError."""
    found = json.loads(printed)
    rows = found.get("runs") if isinstance(found, dict) else None
    if not rows:
        raise ValueError("it names no runs")
    return str(Path(str(rows[0]["run"])).name)
