"""Run folders and models as a training would have left them, written without one."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import State
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.project import Project

SPEC = """\
# Quick: from the template lenet5, made to fit the data v1 of this project.
kerascnn: 1
name: {name}
task: {{type: image_classification}}
data:
  source: {{type: digits}}
model:
  backbone: {{type: lenet}}
  head: {{type: classifier}}
train:
  batch_size: 32
  stages:
    - {{epochs: 4, learning_rate: 3e-3, optimizer: {{type: adam}}}}
"""
ENVIRONMENT = {"python": "3.11", "platform": "Linux", "backend": "tensorflow", "versions": {"keras": "3"}}
LAYER = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}, "registered_name": None}
CONFIG = {
    "module": "keras.src.models.functional",
    "class_name": "Functional",
    "registered_name": "Functional",
    "config": {"layers": [LAYER]},
}


def model_bytes(config: Any = CONFIG, **members: bytes) -> bytes:
    """Return a `.keras` file of this description; more members by their names, with `_` for `.`."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"weights")
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return written.getvalue()


def make_run(
    project: Project, number: int = 1, *, name: str = "digits-quick", state: str = "done", spec: str = "",
    accuracies: Sequence[float] = (0.5, 0.8, 0.7), model: bytes | None = None, **more: Any,
) -> RunFolder:  # fmt: skip
    """Write a run; `more` are further JSON files by their names, with `_` for `/`."""
    run = RunFolder(project.runs / f"20260101-0000{number:02d}-00000{number:x}")
    (run.path / "logs").mkdir(parents=True)
    text = spec or SPEC.format(name=name)
    (run.path / "spec.yaml").write_text(text, "utf-8")
    resolved = parse_spec(text).spell()
    best = max(accuracies, default=0.0)
    lines = [
        {"epoch": i, "stage": 0, "loss": 1.0 / i, "val_loss": 2.0 / i, "val_accuracy": value, "seconds": 2.0,
         "learning_rate": 0.1, "kept": value == best}
        for i, value in enumerate(accuracies, 1)
    ]  # fmt: skip
    (run.path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    stages = [{"frozen": [], "epochs": len(lines)}]
    effective = {"parameters": 1000, "samples": {"train": 100}, "stages": stages, "batch_size": 32}
    files: dict[str, Any] = {
        "spec.resolved": resolved,
        "RUN": {"format": 1, "run": run.id, "created": 1e9 + number, "name": name, "version": "0.1.0",
                "environment": ENVIRONMENT},
        "state": State(state, reason=str(more.pop("reason", "")), exit_code=more.pop("exit_code", None)).__dict__,
        "labels": ["a", "b"],
        "input": {"shape": [8, 8, 1], "medium": "image", "size": [8, 8]},
        "data": {"fingerprint": "0" * 64, "samples": 10, "quarantined": 0, "sizes": {"train": 10}, "findings": []},
        "effective": effective,
        **more,
    }  # fmt: skip
    for file, content in files.items():
        write(run.path / f"{file.replace('__', '/')}.json", content)
    (run.path / "model.keras").write_bytes(model_bytes() if model is None else model)
    return run


def write(file: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write a JSON file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), "utf-8")


def done_job(
    project_jobs: Any, kind: str, output: Any, *, id: str = "job-1", code: int = 0, log: str = "", **facts: Any
) -> Any:
    """Write a job as it stands when it has ended."""
    folder = project_jobs.folder / id
    write(folder / "job.json", {"kind": kind, "command": ["kerascnn", kind], "facts": facts, "started": 1.0})
    write(folder / "state.json", {"pid": 1, "process_started": 0.0, "exit_code": code, "stopped": False})
    write(folder / "output.json", output)
    (folder / "log.txt").write_text(log)
    return project_jobs.find(id)


def jobs_of(started: list[list[str]]) -> list[list[str]]:
    """Return the jobs among what the fixture `started` saw, without looks after the queue."""
    return [one for one in started if one[0] != "worker"]
