"""Projects in each state that a page can be in: with the files that commands would have written, without Keras.

What runs is said to be this process, so that it runs as long as this one does.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from kerascnn.jobs.queue import Queue
from kerascnn.runs.atomic import append_json_line, write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import this_process
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic import evaluation, imports, jobs, reports, training
from kerascnn_dashboard.logic.checks import plan_for, start_check, start_preview
from kerascnn_dashboard.logic.cleaning import Judgement, save
from kerascnn_dashboard.logic.estimates import begin_estimate
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.presets import presets
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.run_notes import rename, set_tags
from tests.dashboard.made import ALIKE, NOTE, UNREADABLE, check_output
from tests.dashboard.made_evaluation import evaluated, looked_for, shapes_project, shapes_run
from tests.dashboard.made_runs import make_run

RUNNING = "running"


class States:
    """The projects, and by the name of a state the address of the page that is in it, with what it says."""

    def __init__(self, home: Home):
        self.home = home
        self.pages: dict[str, tuple[str, str]] = {}
        jobs._begin = lambda folder: None
        training.keep_working = lambda project: None

    def page(self, name: str, project: Project | str, screen: str, says: str, **query: str) -> None:
        called = project if isinstance(project, str) else project.name
        told = "".join(f"&{key}={value}" for key, value in query.items())
        self.pages[name] = (f"/{screen}?project={called}{told}", says)


@contextmanager
def states(home: Home) -> Iterator[dict[str, tuple[str, str]]]:
    """Make all projects; while this is open those that wait go on waiting."""
    before = jobs._begin, training.keep_working
    made = States(home)
    try:
        for make in (nothing_yet, importing, checking, beginning, trainings, judged, reported, broken):
            make(made)
        with held(home):
            yield made.pages
    finally:
        jobs._begin, training.keep_working = before


@contextmanager
def held(home: Home) -> Iterator[None]:
    """Hold the queues, so that nothing that waits is begun."""
    files = [(folder / "pool.lock").open("ab") for folder in home.folder.glob("projects/*/runs/queue")]
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        for file in files:
            file.close()


def put(job: Any, state: str, output: Any = None, log: str = "") -> None:
    """Let a job be in a state: running, done, failed, stopped or lost."""
    pid, started = this_process() if state == RUNNING else (2**22 + 1, 1.0)
    about: dict[str, Any] = {"pid": pid, "process_started": started}
    if state in ("done", "failed", "stopped"):
        about |= {"exit_code": 0 if state == "done" else 3, "stopped": state == "stopped"}
    (job.folder / "log.txt").write_text(log, "utf-8")
    if output is not None:
        (job.folder / "output.json").write_text(json.dumps(output), "utf-8")
    write_json(job.folder / "state.json", about)


def nothing_yet(made: States) -> None:
    empty = made.home.create("Nothing yet", "image_classification")
    for screen, says in (
        ("data", "There is no data yet"), ("check", "no data yet"), ("train", "no data yet"),
        ("evaluate", "no trained model yet"), ("predict", "No model can answer yet"), ("report", "no trained model"),
        ("runs", "There is no training yet"),
    ):  # fmt: skip
        made.page(f"{screen}-empty", empty, screen, says)


def importing(made: States) -> None:
    order = {"way": "folder", "path": str(made.home.folder)}
    for state, log in (
        (RUNNING, "progress 0.420 copied 1260 of 3000 files\n"),
        ("failed", "error: cats/IMG_2.heic is not readable: HEIC needs the package pillow-heif\n"),
        ("lost", ""),
    ):
        project = made.home.create(f"Import {state}", "image_classification")
        put(imports.begin(made.home, project, order, id="one", name="pictures.zip"), state, log=log)
        says = {RUNNING: "copied 1260 of 3000", "failed": "HEIC needs", "lost": "without a word"}[state]
        made.page(f"data-{state}", project, "data", says)
    project = made.home.create("Import choose", "image_classification")
    source = {"type": "manifest", "path": "/data/birds.csv", "label_column": "species"}
    ways = [
        {"source": source, "why": "birds.csv has a column of names of files", "sure": False, "score": 60,
         "names": ["file", "species", "sex"]},
        {"source": {**source, "label_column": "sex"}, "why": "the column sex has two values", "sure": False,
         "score": 40, "names": ["file", "species", "sex"]},
    ]  # fmt: skip
    job = imports.begin(made.home, project, order, id="one", name="birds.csv")
    put(job, "done", {"candidates": ways, "folder": "", "problems": []})
    made.page("data-choose", project, "data", "birds.csv")


def checking(made: States) -> None:
    for state, findings, says in (
        (RUNNING, (), "Reading pictures"),
        ("failed", (), "is empty"),
        ("blocked", (UNREADABLE, ALIKE), "Deal with what is marked red first"),
        ("good", (NOTE,), "As the model will see them"),
    ):
        project = shapes_project(made.home, f"Check {state}")
        version = project.version()
        plan = plan_for(project, version)
        job = start_check(project, version, plan)
        if findings:
            put(job, "failed" if state == "blocked" else "done", check_output(*findings))
            preview = start_preview(project, version, plan, seed=0)
            Image.open(next(project.folder.rglob("*.png"))).resize((512, 256)).save(preview.folder / "preview.png")
            put(preview, "done")
        else:
            log = "Reading pictures: 40 of 60\n" if state == RUNNING else "error: the folder of pictures is empty\n"
            put(job, state, log=log)
        made.page(f"check-{state}", project, "check", says)


def beginning(made: States) -> None:
    project = shapes_project(made.home, "Begin")
    job = begin_estimate(project, [one.text for one in presets(project, project.version())], id="look")
    put(job, RUNNING)
    made.page("train-cards", project, "train", "Looking at what it needs")
    wrong = shapes_project(made.home, "Begin wrong")
    texts = [one.text for one in presets(wrong, wrong.version())]
    put(begin_estimate(wrong, texts, id="look"), "failed")
    wrong.keep_draft(texts[0].replace("batch_size", "batch_sice"))
    made.page("train-wrong", wrong, "train", "have to be right first")


def train(project: Project, id: str, state: str, rounds: int = 6, **values: Any) -> RunFolder:
    """Do what a worker does: claim a job, make its run, train some rounds, and be in this state."""
    text = presets(project, project.version())[0].text
    training.start(project, text, id=id, name=id)
    queue = Queue(project.runs)
    claimed = queue.claim()
    assert claimed is not None
    run = RunFolder.create(
        project.runs, given=text.encode(), ending=".yaml", resolved=parse_spec(text).spell(),
        about={"name": id, "job": id},
    )  # fmt: skip
    queue.began(claimed.id, run.path)
    for i in range(1, rounds + 1):
        figures = {"loss": 1.2 / i, "accuracy": 1 - 0.6 / i, "val_loss": 1.3 / i, "val_accuracy": 1 - 0.7 / i}
        append_json_line(run.path / "metrics.jsonl", {"epoch": i, "stage": 0, **figures, "kept": True, "seconds": 3.1})
    pid, began = this_process() if state in ("running", "finalizing") else (2**22 + 1, 1.0)
    said = "running" if state == "lost" else state
    write_json(run.path / "state.json", {"state": said, "pid": pid, "process_started": began, **values})
    if state not in ("running", "finalizing"):
        (run.path / "ckpt").mkdir()
        (run.path / "model.keras").write_bytes(b"model")
        queue.end(claimed.id, "done" if state == "done" else "failed", int(values.get("exit_code") or 0))
    return run


def trainings(made: States) -> None:
    memory = "out of memory: the device has no room for a batch of 32"
    for state, says, values in (
        ("running", "Round 7 of at most", {}),
        ("finalizing", "Writing the results", {}),
        ("done", "The training is done", {}),
        ("stopped", "The training was stopped", {}),
        ("failed", "Halve the batch", {"reason": memory, "exit_code": 5}),
        ("diverged", "Train again with this", {"reason": "the loss became NaN in round 3", "exit_code": 4}),
        ("lost", "ended without a word", {}),
    ):
        project = shapes_project(made.home, f"Training {state}")
        run = train(project, f"model-{state}", state, **values)
        if state == "running":
            job = Queue(project.runs).jobs()[0]
            told = {"epoch": 7, "stage": 1, "stages": 1, "step": 3, "steps": 8, "seconds_per_epoch": 3.0}
            write_json(Queue(project.runs).progress_of(job.id), told)
            for name in ("next-one", "the-one-after"):
                training.start(project, presets(project, project.version())[1].text, id=name, name=name)
            made.page("train-waiting", project, "train", "Begin next", run="the-one-after")
            made.page("runs-live", project, "runs", "Running now")
        made.page(f"train-{state}", project, "train", says, run=run.id)


def judged(made: States) -> None:
    project = shapes_project(made.home, "Judged")
    first, second = shapes_run(project, 1, name="before"), shapes_run(project, 2, name="after", rate="1e-4")
    rename(first, "My first try")
    set_tags(first, ["baseline", "for the paper"])
    for run, seed, wrong in ((first, 0, 5), (second, 1, 2)):
        evaluated(run, seed=seed, wrong=wrong, at=time.time())
        looked_for(project, run)
    for look, says in (
        ("Confusions", "and were said to be"), ("Worst", ""), ("Wrong but sure", ""), ("Per class", "circle"),
        ("Threshold", ""),
        ("Calibration", ""), ("Clean labels", "Save as v2"), ("Parts of the data", ""), ("Compare", "A: "),
    ):  # fmt: skip
        told = {"run": second.id, "look": look, **({"with": first.id} if look == "Compare" else {})}
        made.page(f"evaluate-{look.lower().replace(' ', '-')}", project, "evaluate", says or "are right", **told)
    for run in (first, second):
        write_json(run.path / "data.json", {"sizes": {"train": 9, "validation": 60, "test": 9}, "findings": []})
    made.page("predict-new", project, "predict", "Nothing was asked of this model yet")
    made.page("runs-done", project, "runs", "Chosen")
    old = shapes_project(made.home, "Judged old")
    run = shapes_run(old)
    evaluated(run)
    looked_for(old, run)
    save(old, [Judgement("circle/03.png", "relabel", "cross", "ada", "")], after="v1", by="ada")
    made.page("evaluate-old", old, "evaluate", "the newest data is v2")
    for state, says in ((RUNNING, "Evaluating on"), ("failed", "2 files have changed"), ("new", "was not evaluated")):
        other = shapes_project(made.home, f"Judging {state}")
        run = shapes_run(other)
        if state != "new":
            facts = {"run": run.id, "split": "validation"}
            command = evaluation.evaluate_command(other, run, "validation")
            job = other.jobs.start("evaluate", command, id="one", facts=facts)
            put(job, state, log="error: 2 files have changed since the training: cat/1.png, dog/7.png\n")
        made.page(f"evaluate-{state}", other, "evaluate", says)
    asked(made)


def asked(made: States) -> None:
    """Let batches of files have ended badly."""
    for state, said, says in (
        ("failed", {"state": "failed", "reason": "the model's process ended: out of memory"}, "out of memory"),
        ("lost", None, "The server ended before all was answered"),
    ):
        other = shapes_project(made.home, f"Asked {state}")
        run = shapes_run(other)
        folder = other.folder / "predictions" / "one"
        folder.mkdir(parents=True)
        files = sorted(map(str, other.folder.rglob("circle/0*.png")))
        names = [Path(file).name for file in files]
        write_json(folder / "batch.json", {"run": run.id, "files": files, "names": names, "made": 1.0})
        if said:
            write_json(folder / "end.json", said)
        made.page(f"predict-{state}", other, "predict", says)


def reported(made: States) -> None:
    for state, says in ((RUNNING, "Writing the report"), ("failed", "disk is full"), ("new", "not written yet")):
        project = shapes_project(made.home, f"Report {state}")
        run = make_run(project)
        if state != "new":
            job = project.jobs.start(reports.KIND, reports.command(run, project), id="one", facts={"run": run.id})
            put(job, state, log="error: cannot write report.html: the disk is full\n")
        made.page(f"report-{state}", project, "report", says)


def broken(made: States) -> None:
    project = shapes_project(made.home, "Broken run")
    (make_run(project, 1).path / "RUN.json").write_text("{")
    make_run(project, 2, state="failed", reason="out of memory")
    make_run(project, 3, name="a-name-that-is-as-long-as-names-of-trainings-may-be-64-characte")
    made.page("runs-unreadable", project, "runs", "cannot be read")
    folder = made.home.folder / "projects" / "broken-project"
    folder.mkdir()
    (folder / "project.json").write_text('{"title": 3}')
    for screen, says in (("plugins", "kerascnn"), ("settings", "Settings"), ("home", "broken-project")):
        made.page(screen, "", screen if screen != "home" else "", says)
    made.page("no-such-project", "no-such", "train", "There is no project")
