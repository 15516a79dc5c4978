"""A run that was evaluated, as `kerascnn train` and `kerascnn evaluate` leave it, written without Keras."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from kerascnn.evaluation.calibration import calibration
from kerascnn.evaluation.thresholds import recommended, risk
from kerascnn.runs.answers import KeptAnswers, write_answers
from kerascnn.runs.atomic import write_json
from kerascnn.runs.failures import failures
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import State
from kerascnn.spec import DataInfo, spec_from_dict
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.evaluation import failures_job, report_of

LABELS = ["circle", "cross", "square"]
EACH = 20
PLANTED = {"circle/03.png": "cross", "square/07.png": "circle"}
"""Pictures with a wrong label, and what they are."""
SPEC = """\
kerascnn: 1
name: "{name}"
task: {{type: {task}}}
data:
  source: {source}
  {more}
model:
  backbone: {backbone}
  head: {{type: {head}}}
train:
  batch_size: 8
  stages: [{{epochs: 4, learning_rate: {rate}}}]
"""


def shapes(folder: Path) -> Path:
    """Draw pictures of three classes, 20 of each, two of them in the wrong folder."""
    for label in LABELS:
        (folder / label).mkdir(parents=True)
        for i in range(EACH):
            name = f"{label}/{i:02d}.png"
            kind = PLANTED.get(name, label)
            picture = Image.new("RGB", (32, 32), (i, 3 * i, 60))
            draw = ImageDraw.Draw(picture)
            drawn = {"circle": draw.ellipse, "square": draw.rectangle, "cross": draw.line}[kind]
            drawn((6, 6, 20 + i % 8, 24), fill=(250, 250, 40 + i))
            picture.save(folder / name)
    return folder


def shapes_project(home: Any, title: str = "Shapes") -> Any:
    """Make a project whose version v1 is that folder."""
    project = home.create(title, "image_classification")
    folder = shapes(project.folder / "data" / "pictures")
    source = {"type": "image_folder", "path": str(folder)}
    project.add_version({"source": source}, "demo", "three shapes", facts={"samples": 60, "classes": 3})
    return project


def shapes_run(
    project: Any, number: int = 1, *, fixes: str = "", name: str = "shapes", rate: str = "1e-3"
) -> RunFolder:
    """Write a trained run on the project's pictures; all of them are its validation samples."""
    source = json.dumps(dict(project.version("v1").data["source"]))
    more = f"fixes: {fixes}" if fixes else "resize: stretch"
    text = SPEC.format(
        name=name, task="image_classification", source=source, more=more, backbone="{type: lenet}", head="classifier",
        rate=rate,
    )  # fmt: skip
    folder = Path(project.version("v1").data["source"]["path"])
    lines = [
        {"id": f"{label}/{i:02d}.png", "label": label, "split": "validation",
         "sha256": hashlib.sha256((folder / label / f"{i:02d}.png").read_bytes()).hexdigest(),
         "metadata": {"camera": "ab"[i % 2]}}
        for label in LABELS for i in range(EACH)
    ]  # fmt: skip
    return write_run(project, text, lines, LABELS, {"medium": "image", "shape": [32, 32, 3], "size": [32, 32]}, number)


def write_run(project: Any, text: str, lines: list[dict], labels: list[str], form: dict, number: int = 1) -> RunFolder:
    """Write the folder of a run that is done."""
    run = RunFolder(project.runs / f"20260101-0000{number:02d}-00000{number:x}")
    (run.path / "evaluation").mkdir(parents=True)
    resolved = parse_spec(text).spell()
    name = resolved["name"]
    write_json(run.path / "RUN.json", {"format": 1, "run": run.id, "created": 1e9 + number, "name": name})
    write_json(run.path / "state.json", State("done").__dict__)
    write_json(run.path / "spec.resolved.json", resolved)
    write_json(run.path / "labels.json", labels)
    write_json(run.path / "input.json", form)
    counts = {"validation": {label: sum(line.get("label") == label for line in lines) for label in labels}}
    write_json(run.path / "data.json", {"sizes": {"train": 9, "validation": len(lines), "test": 9}, "counts": counts})
    (run.path / "data.manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run.path / "model.keras").write_bytes(b"model")
    return run


def answers(seed: int = 0, wrong: int = 3) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return ids, truth and probabilities of 60 pictures: the planted ones are said to be what they are."""
    rng = np.random.default_rng(seed)
    ids = [f"{label}/{i:02d}.png" for label in LABELS for i in range(EACH)]
    truth = np.repeat(np.arange(3), EACH)
    right = truth.copy()
    for name, kind in PLANTED.items():
        right[ids.index(name)] = LABELS.index(kind)
    given = rng.uniform(0.02, 0.15, (60, 3))
    given[np.arange(60), right] = rng.uniform(0.7, 0.99, 60)
    for i in range(10, 10 + wrong):  # circles that the model takes for squares, without being sure
        given[i] = [0.42, 0.1, 0.48]
    return ids, truth, (given / given.sum(1, keepdims=True)).astype("float32")


def evaluated(run: RunFolder, split: str = "validation", *, seed: int = 0, wrong: int = 3, at: float = 1000.0) -> dict:
    """Write what `kerascnn evaluate` writes for those answers, by the same functions."""
    return keep(run, split, *answers(seed, wrong), at=at)


def keep(
    run: RunFolder, split: str, ids: list[str], truth: np.ndarray, given: np.ndarray, *, at: float = 1000.0
) -> dict:
    """Write a report and the answers."""
    task = spec_from_dict(run.read("spec.resolved.json")).task
    info = DataInfo((32, 32, 3), tuple(run.read("labels.json")), run.read("data.json")["counts"])
    report = {"run": run.id, "split": split, "samples": len(ids), **task.report(truth, given, info)}
    if task.output == "classes":
        found = risk(*task.decisions(truth, given))
        report |= {"temperature": 1.0, "calibration": calibration(truth, given, "softmax")}
        report["coverage"] = {"curve": found.curve(), "recommended": recommended(found)}
    report["evaluated"] = at
    write_json(run.path / "evaluation" / f"{split}.json", report)
    write_answers(run, split, KeptAnswers(ids, truth, given))
    return report


def looked_for(project: Any, run: RunFolder, split: str = "validation", **more: Any) -> dict[str, Any]:
    """Write the job of `kerascnn failures` as it stands when it has ended; its process must not be startable."""
    report = report_of(run, split)
    assert report is not None
    job = failures_job(project, run, report)
    found = {**failures(run, split, top=48), **more}
    ended(job, found)
    return found


def ended(job: Any, output: Any = None, code: int = 0, log: str = "") -> None:
    """Write how a job ended."""
    (job.folder / "output.json").write_text("" if output is None else json.dumps(output), "utf-8")
    (job.folder / "log.txt").write_text(log, "utf-8")
    write_json(job.folder / "state.json", {"pid": 1, "process_started": 0.0, "exit_code": code, "stopped": False})
