"""A sweep without any training: jobs are ended by hand, with the figures that their values would give."""

import os
from pathlib import Path

import pytest

from kerascnn.errors import SpecError, UsageError
from kerascnn.jobs.queue import Job, Queue
from kerascnn.jobs.sweep import Searching
from kerascnn.runs.atomic import append_json_line
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import write_state
from kerascnn.spec.load import load_spec, parse_spec
from kerascnn.spec.sweep import Sweep, load_sweep
from kerascnn.templates_list import find_template

pytest.importorskip("optuna")

LENET = str(find_template("lenet5"))
RATE, SIZE = "train.stages.0.learning_rate", "train.batch_size"


def sweep(**more) -> Sweep:
    about = {
        "kerascnn_sweep": 1,
        "name": "s",
        "spec": LENET,
        "parameters": {RATE: {"low": 0.001, "high": 0.1, "log": True}, SIZE: {"values": [16, 32, 64]}},
        "trials": 6,
    }
    return Sweep.model_validate(about | more)


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return Queue(tmp_path / "runs")


def begin(queue: Queue) -> tuple[Job, RunFolder]:
    """Claim the next job for this process, with a run that has no epoch yet."""
    job = queue.claim()
    assert job is not None
    run = RunFolder.create(queue.runs, given=b"", ending=".yaml", resolved={}, about={"job": job.id})
    queue.began(job.id, run.path)
    write_state(run.path, "running")
    return job, run


def epoch(run: RunFolder, value: float) -> None:
    append_json_line(run.path / "metrics.jsonl", {"epoch": 1, "val_loss": value, "kept": True})


def end(queue: Queue, job: Job, run: RunFolder) -> None:
    write_state(run.path, "finalizing")
    write_state(run.path, "done")
    queue.end(job.id, "done", 0)


def loss_of(queue: Queue, job: Job) -> float:
    """Return a loss that is lowest for a batch size of 32."""
    planned = queue.planned(job.id)
    spec = parse_spec(planned.text, planned.spec, planned.settings)
    return abs(int(spec.train.batch_size) - 32) / 32 + spec.train.stages[0].learning_rate


def look(searching: Searching) -> None:
    searching.told(searching.queue.jobs(searching.batch))


def finish(searching: Searching) -> None:
    """Do whatever waits until nothing does."""
    look(searching)
    while any(job.state == "waiting" for job in searching.queue.jobs(searching.batch)):
        job, run = begin(searching.queue)
        epoch(run, loss_of(searching.queue, job))
        end(searching.queue, job, run)
        look(searching)


def test_as_many_trials_as_asked_for_and_the_best_as_a_plain_spec(queue: Queue) -> None:
    searching = Searching(sweep(), queue)
    finish(searching)
    rows = searching.rows()
    assert [row["state"] for row in rows] == ["complete"] * 6
    best = min(rows, key=lambda row: row["val_loss"])
    file = searching.write_best()
    assert file is not None
    assert load_spec(file).train.batch_size == best["values"][SIZE]
    assert load_spec(file).train.stages[0].learning_rate == best["values"][RATE]
    assert file.read_text("utf-8").startswith("# The best of 6 trials of the sweep s: val_loss ")
    assert all(0.001 <= row["values"][RATE] <= 0.1 for row in rows)


def test_another_process_goes_on_with_what_was_begun(queue: Queue) -> None:
    first = Searching(sweep(), queue)
    look(first)
    job, run = begin(queue)
    epoch(run, loss_of(queue, job))
    end(queue, job, run)  # nobody has told Optuna
    again = Searching(sweep(), queue)
    finish(again)
    assert [row["state"] for row in again.rows()] == ["complete"] * 6
    assert len(queue.jobs()) == 6
    assert again.rows()[0]["val_loss"] == pytest.approx(loss_of(queue, job))


def test_what_was_asked_and_never_came_into_the_queue_is_put_there(queue: Queue, monkeypatch) -> None:
    first = Searching(sweep(), queue)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "put", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            look(first)
    assert queue.jobs() == []
    again = Searching(sweep(), queue)
    look(again)
    assert queue.jobs()[0].id == "sweep-s-0001"
    finish(again)
    assert [job.id for job in queue.jobs()] == [row["job"] for row in again.rows()]
    assert len(again.rows()) == 6


def test_a_grid_has_every_choice_once_and_ends(queue: Queue) -> None:
    parameters = {SIZE: {"values": [16, 32]}, "train.stages.0.epochs": {"low": 2, "high": 6, "step": 2}}
    searching = Searching(sweep(sampler="grid", parameters=parameters, trials=100), queue)
    finish(searching)
    found = [tuple(row["values"].values()) for row in searching.rows()]
    assert sorted(found) == [(size, epochs) for size in (16, 32) for epochs in (2, 4, 6)]


def test_values_that_are_no_single_ones_come_as_they_are(queue: Queue) -> None:
    parameters = {"train.stages.0.optimizer": {"values": [{"type": "sgd", "momentum": 0.9}, {"type": "adam"}]}}
    searching = Searching(sweep(sampler="grid", parameters=parameters), queue)
    finish(searching)
    found = {row["values"]["train.stages.0.optimizer"]["type"] for row in searching.rows()}
    assert found == {"sgd", "adam"}
    assert "optimizer" in load_spec(searching.write_best()).spell()["train"]["stages"][0]


def test_one_that_falls_behind_is_ended_and_does_not_come_back(queue: Queue, monkeypatch) -> None:
    signals = []
    monkeypatch.setattr(os, "kill", lambda *what: signals.append(what))
    searching = Searching(sweep(pruner="median", trials=5), queue)
    for _ in range(3):
        look(searching)
        job, run = begin(queue)
        for value in (0.5, 0.4, 0.3):
            epoch(run, value)
        end(queue, job, run)
    look(searching)
    job, run = begin(queue)
    for value in (0.9, 0.9):
        epoch(run, value)
    look(searching)
    assert searching.rows()[3]["state"] == "pruned"
    assert [pid for pid, _ in signals] == [os.getpid()]
    queue.end(job.id, "waiting", 75, "stopped")  # what its process says afterwards
    assert queue.find(job.id).state == "cancelled"
    queue.rebuild()
    assert queue.find(job.id).state == "cancelled"
    finish(searching)
    assert len(searching.rows()) == 5


def test_a_trial_that_failed_counts_and_is_not_the_best(queue: Queue) -> None:
    searching = Searching(sweep(trials=2), queue)
    look(searching)
    job, _ = begin(queue)
    queue.end(job.id, "failed", 4, "diverged")
    look(searching)
    finish(searching)
    assert [row["state"] for row in searching.rows()] == ["fail", "complete"]
    assert searching.best().number == 1


def test_nothing_is_the_best_before_anything_is_done(queue: Queue) -> None:
    searching = Searching(sweep(), queue)
    assert searching.best() is None
    assert searching.write_best() is None
    assert searching.importances() == {}


def test_what_mattered_is_said_after_enough_trials(queue: Queue) -> None:
    searching = Searching(sweep(trials=20, sampler="random"), queue)
    finish(searching)
    found = searching.importances()
    assert sum(found.values()) == pytest.approx(1)
    assert found[SIZE] > found[RATE]


def test_another_sweep_of_the_same_name_is_refused_and_more_trials_are_not(queue: Queue) -> None:
    Searching(sweep(), queue)
    Searching(sweep(trials=50, minutes=1.0), queue)
    with pytest.raises(UsageError, match="another sweep is named s"):
        Searching(sweep(seed=1), queue)


def test_a_path_that_the_spec_does_not_have_is_said_before_anything_is_made(queue: Queue) -> None:
    with pytest.raises(SpecError, match="learning_rat"):
        Searching(sweep(parameters={"train.stages.0.learning_rat": {"values": [1]}}), queue)
    assert not (queue.runs / "sweeps").exists()


def test_the_sweep_of_a_spec_is_tried_and_no_trial_has_it(queue: Queue, tmp_path: Path) -> None:
    text = Path(LENET).read_text("utf-8") + f"sweep: {{parameters: {{{SIZE}: {{values: [16, 32]}}}}, sampler: grid}}\n"
    file = tmp_path / "spec.yaml"
    file.write_text(text, "utf-8")
    settings = ["sweep.trials=5", "train.seed=7"]
    searching = Searching(load_sweep(file, settings), queue, settings)
    finish(searching)
    assert len(searching.rows()) == 2
    planned = queue.planned(queue.jobs()[0].id)
    spec = parse_spec(planned.text, planned.spec, planned.settings)
    assert (spec.sweep, spec.train.seed) == (None, 7)
    assert planned.text == file.read_bytes()
    best = load_spec(searching.write_best())
    assert (best.sweep, best.train.batch_size) == (None, 32)
    # How many is no part of what is tried.
    Searching(load_sweep(file, ["sweep.trials=9", "train.seed=7"]), queue, ["sweep.trials=9", "train.seed=7"])


def test_rows_are_ranked_with_those_that_came_to_an_end_first(queue: Queue, monkeypatch) -> None:
    searching = Searching(sweep(), queue)
    rows = [
        {"trial": number, "state": state, "val_loss": loss}
        for number, (state, loss) in enumerate(
            [("complete", 0.5), ("fail", None), ("pruned", 0.1), ("complete", 0.2), ("running", None)]
        )
    ]
    monkeypatch.setattr(searching, "rows", lambda: rows)
    assert [row["trial"] for row in searching.ranked()] == [3, 0, 2, 1, 4]
    searching.upwards = True
    assert [row["trial"] for row in searching.ranked()] == [0, 3, 2, 1, 4]
