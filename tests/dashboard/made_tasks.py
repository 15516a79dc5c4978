"""A project of each task with a model that was trained, judged and asked, by the real commands in one process.

`python -m tests.dashboard.made_tasks HOME` writes them. Pages find what they would have started as done.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from kerascnn.cli.main import run as command_line
from kerascnn.runs.atomic import write_json
from kerascnn.runs.failures import has_failures
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn_dashboard.logic import evaluation, jobs, predictions, reports
from kerascnn_dashboard.logic.checks import plan_for, start_check, start_preview
from kerascnn_dashboard.logic.estimates import begin_estimate
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import new_id
from kerascnn_dashboard.logic.presets import presets
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.spec_text import SpecText

SIDE = 64
MANY = 24


def picture(number: int) -> tuple[Image.Image, tuple[int, int, int, int], str]:
    """Draw a shape somewhere; return the picture, where the shape is, and what it is."""
    rng = np.random.default_rng(number)
    drawn = Image.fromarray(rng.integers(0, 60, (SIDE, SIDE, 3), "uint8"))
    size, (x, y) = int(rng.integers(18, 30)), rng.integers(2, 30, 2).tolist()
    box = (x, y, x + size, y + size)
    kind = ("disc", "square")[number % 2]
    draw = ImageDraw.Draw(drawn)
    (draw.ellipse if kind == "disc" else draw.rectangle)(box, fill=(220, 200 - 6 * number, 40))
    return drawn, box, kind


def boxes(folder: Path) -> dict[str, Any]:
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for i in range(MANY):
        drawn, (left, top, right, low), kind = picture(i)
        drawn.save(folder / "images" / f"{i:02d}.png")
        place = [(left + right) / 2, (top + low) / 2, right - left, low - top]
        line = " ".join(f"{value / SIDE:.5f}" for value in place)
        (folder / "labels" / f"{i:02d}.txt").write_text(f"{int(kind == 'square')} {line}\n")
    return {"type": "yolo", "path": str(folder), "class_names": ["disc", "square"]}


def masks(folder: Path) -> dict[str, Any]:
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    for i in range(MANY):
        drawn, box, kind = picture(i)
        mask = Image.new("L", drawn.size)
        draw = ImageDraw.Draw(mask)
        (draw.ellipse if kind == "disc" else draw.rectangle)(box, fill=255)
        drawn.save(folder / "images" / f"{i:02d}.png")
        mask.save(folder / "masks" / f"{i:02d}.png")
    return {"type": "image_masks", "images": str(folder / "images"), "masks": str(folder / "masks")}


def table(folder: Path, *columns: str) -> Path:
    """Write pictures and a table of them."""
    folder.mkdir(parents=True)
    with (folder / "table.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", *columns])
        for i in range(MANY):
            drawn, (left, top, right, low), kind = picture(i)
            drawn.save(folder / f"{i:02d}.png")
            said = {
                "shows": ";".join([kind, *["left"] * (left < SIDE / 4), *["high"] * (top < SIDE / 4)]),
                "area": (right - left) * (low - top) / 10,
            }  # fmt: skip
            rows.writerow([f"{i:02d}.png", *(said[column] for column in columns)])
    return folder / "table.csv"


def several(folder: Path) -> dict[str, Any]:
    return {"type": "manifest", "path": str(table(folder, "shows")), "labels_column": "shows"}


def numbers(folder: Path) -> dict[str, Any]:
    return {"type": "manifest", "path": str(table(folder, "area")), "target_columns": ["area"]}


def texts(folder: Path) -> dict[str, Any]:
    from tests.engine.made_sequences import write_texts

    folder.mkdir(parents=True)
    return {"type": "text_lines", "path": str(write_texts(folder / "texts.txt"))}


def series(folder: Path) -> dict[str, Any]:
    from tests.engine.made_sequences import write_ts

    folder.mkdir(parents=True)
    return {"type": "ts_file", "path": str(write_ts(folder / "series.ts"))}


def forecasts(folder: Path) -> dict[str, Any]:
    folder.mkdir(parents=True)
    with (folder / "power.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", "power"])
        rows.writerows([f"2026-01-{1 + i // 24:02d} {i % 24:02d}:00", round(float(np.sin(i / 4)) + 2, 3)]
                       for i in range(480))  # fmt: skip
    return {"type": "series_windows", "path": str(folder / "power.csv"), "window": 24, "horizon": 3, "season": 24}


def sounds(folder: Path) -> dict[str, Any]:
    from tests.engine.made_sequences import write_sounds

    return {"type": "audio_folder", "path": str(write_sounds(folder, 8))}


KINDS: dict[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    "boxes": ("object_detection", boxes),
    "masks": ("image_segmentation", masks),
    "labels": ("image_multilabel", several),
    "numbers": ("image_regression", numbers),
    "texts": ("text_classification", texts),
    "series": ("series_classification", series),
    "forecasts": ("series_forecast", forecasts),
    "sounds": ("audio_classification", sounds),
}
"""By the name of the project: the task, and what writes its data and returns their source."""


def main(folder: Path) -> None:
    """Make a project of each."""
    jobs._begin = here  # what pages start is done at once
    for title in KINDS:
        make(Home(folder), title)


def here(folder: Path) -> None:
    """Run the command of a job in this process, as the job's own process would."""
    command = json.loads((folder / "job.json").read_text("utf-8"))["command"]
    assert command[0] == "kerascnn", command
    before = os.getcwd()
    with (folder / "output.json").open("w") as out, (folder / "log.txt").open("w") as log:
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(log):
                code = command_line(command[1:])
        finally:
            os.chdir(before)
    about = {"pid": os.getpid(), "process_started": 0.0, "exit_code": code, "stopped": False}
    write_json(folder / "state.json", about)
    assert code == 0, (command, (folder / "log.txt").read_text())


def make(home: Home, title: str) -> None:
    """Make one project: data, check, training, evaluation, report, answers."""
    task, write = KINDS[title]
    project = home.create(title.capitalize(), task)
    source = write(project.folder / "data" / "made")
    facts = {"samples": MANY}
    version = project.add_version({"source": source}, "folder", f"made {title}", facts=facts)
    spec = SpecText(presets(project, version)[0].text)
    spec.set("train.stages", [{"epochs": 2, "learning_rate": 1e-3}])
    spec.set("data.split", {"validation": 0.3, "test": 0.2})
    project.keep_draft(spec.text)
    plan = plan_for(project, version)
    start_check(project, version, plan)
    if title in ("boxes", "masks", "labels", "numbers"):
        start_preview(project, version, plan, seed=0)
    arguments = ["train", str(project.folder / "spec.yaml"), "--runs", str(project.runs), "--quiet"]
    with contextlib.redirect_stdout(sys.stderr):
        assert command_line(arguments) == 0
    (run,) = list_runs(project.runs)
    begin_estimate(project, [one.text for one in presets(project, version)], id=new_id())
    judge(project, run)
    ask(project, run)
    print(title, flush=True)


def judge(project: Project, run: RunFolder) -> None:
    """Let the evaluation, the search for mistakes and the report be done."""
    evaluation.begin_evaluation(project, run)
    report = evaluation.report_of(run, "validation")
    assert report is not None
    if has_failures(run, "validation"):
        evaluation.failures_job(project, run, report)
    project.jobs.start(reports.KIND, reports.command(run, project), id=new_id(), facts={"run": run.id})


def ask(project: Project, run: RunFolder) -> None:
    """Let the model have answered for a few files."""
    from kerascnn.engine.listen import listen
    from kerascnn.engine.predict import Predictor

    class InThisProcess:
        def ask(self, path: Path, files: list[str], overlays: str = "") -> dict[str, Any]:
            questions = [json.dumps({"paths": list(files), "overlays": overlays}).encode()]
            return list(listen(Predictor(RunFolder(path)), questions))[1]

    predictions.predictors = InThisProcess
    made = project.folder / "data" / "made"
    files = sorted(made.rglob("*0*.png")) or sorted(made.rglob("*.wav")) or sorted(made.rglob("*.txt"))
    choice = next(one for one in predictions.choices(project) if one.id == run.id)
    if choice.reads == "series":
        files = [made / "new.npy"]
        length, channels = run.read("input.json")["shape"]
        np.save(files[0], np.random.default_rng(0).random((length, channels), "float32"))
    predictions.new_batch(project, choice, id="asked", files=files[:6]).wait(120)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
