"""What a job has come to so far, from its run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError
from kerascnn.jobs.queue import Job
from kerascnn.runs.folder import RunFolder, figures


@dataclass(frozen=True)
class Outcome:
    """One line about a job."""

    id: str
    name: str
    state: str
    run: str
    """The id of its run, "" for none."""
    epochs: int
    of: int
    """Epochs that its spec asks for, 0 where that is not known yet."""
    metrics: Mapping[str, float]
    """Those of the epoch whose model was kept."""
    monitor: str
    reason: str

    @property
    def shown(self) -> dict[str, float]:
        """The figure that the training watches, and that of the validation split after which it is judged, if any."""
        wanted = [self.monitor, *(name for name in self.metrics if name.startswith("val_") and name != "val_loss")]
        return {name: self.metrics[name] for name in dict.fromkeys(wanted) if name in self.metrics}

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def outcome(job: Job) -> Outcome:
    """Return what a job has come to. A run that cannot be read has come to nothing yet."""
    run, epochs, of, best, monitor = "", 0, 0, {}, ""
    if job.run:
        folder = RunFolder(Path(job.run))
        run = folder.id
        try:
            train = folder.read("spec.resolved.json")["train"]
            of, monitor = sum(stage["epochs"] for stage in train["stages"]), train["monitor"]
            lines = folder.metrics()
            epochs = len(lines)
            best = figures(next((line for line in reversed(lines) if line.get("kept")), {}))
        except (KerasCnnError, KeyError, TypeError):
            pass
    return Outcome(job.id, job.name, job.state, run, epochs, of, best, monitor, job.reason)


def monitored(run: RunFolder, monitor: str) -> list[float]:
    """Return the figure that a training watches, after each epoch so far; those that are not finite are left out."""
    try:
        lines = run.metrics()
    except KerasCnnError:
        return []
    return [float(line[monitor]) for line in lines if line.get(monitor) is not None]
