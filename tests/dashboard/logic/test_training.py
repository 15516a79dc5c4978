import json

import pytest

from kerascnn.errors import SpecError, UsageError
from kerascnn.jobs.queue import Queue
from kerascnn.runs.atomic import append_json_line, write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.runs.state import this_process
from kerascnn.templates_list import find_template
from kerascnn_dashboard.logic import training as logic
from kerascnn_dashboard.logic.following import best_words, curves, say_seconds, shown
from kerascnn_dashboard.logic.training import resume, start, stop, training, trainings

TEXT = find_template("lenet5").read_text("utf-8")


@pytest.fixture
def project(home, started):
    return home.create("Digits", "image_classification")


def begun(project, job="one"):
    """Do what a worker does: claim the job, make its run, and say so."""
    queue = Queue(project.runs)
    claimed = queue.claim()
    resolved = {"train": {"stages": [{"epochs": 3}, {"epochs": 7}], "monitor": "val_loss"}}
    run = RunFolder.create(
        project.runs, given=TEXT.encode(), ending=".yaml", resolved=resolved, about={"name": "lenet5", "job": job}
    )
    queue.began(claimed.id, run.path)
    return queue, run


def put(run, state, **values):
    pid, started = this_process()
    write_json(run.path / "state.json", {"state": state, "pid": pid, "process_started": started, **values})


def test_six_starts_with_one_id_are_one_training(project, started):
    for _ in range(6):
        start(project, TEXT, id="one", name="lenet5")
    assert [(live.id, live.state, live.name) for live in trainings(project)] == [("one", "waiting", "lenet5")]
    assert started == [["worker", "digits"]] * 6


def test_a_spec_that_is_wrong_starts_nothing(project, started):
    with pytest.raises(SpecError, match="epochs"):
        start(project, TEXT.replace("epochs: 40", "epochs: -1"), id="one", name="lenet5")
    assert trainings(project) == []
    assert started == []


@pytest.mark.parametrize("id", ["../x", "", "a b"])
def test_an_id_from_outside_that_is_no_name_is_refused(project, id):
    with pytest.raises(UsageError):
        start(project, TEXT, id=id, name="x")
    assert training(project, id) is None


def test_what_comes_before_it_is_counted_over_all_projects(home, project):
    start(project, TEXT, id="one", name="a")
    start(project, TEXT, id="two", name="b")
    other = home.create("Other", "image_classification")
    start(other, TEXT, id="three", name="c")
    Queue(other.runs).claim()
    assert training(project, "two", [project, other]).ahead == 2
    assert "2 trainings before this one" in shown(training(project, "two", [project, other])).text
    assert training(project, "two").ahead == 1


def test_a_training_is_known_by_its_job_and_by_its_run(project):
    start(project, TEXT, id="one", name="a")
    _, run = begun(project)
    put(run, "running")
    assert training(project, "one").id == training(project, run.id).id == run.id


def test_its_states_from_the_queue_to_the_end(project):
    start(project, TEXT, id="one", name="a")
    assert training(project, "one").state == "waiting"
    queue = Queue(project.runs)
    queue.claim()
    assert training(project, "one").state == "loading"
    assert "TensorFlow" in shown(training(project, "one")).text
    queue.end("one", "waiting", 75)
    _, run = begun(project)
    for state, said in (("new", "loading"), ("running", "running"), ("finalizing", "finishing"), ("done", "done")):
        put(run, state)
        assert training(project, "one").state == said
    put(run, "failed", reason="out of memory", exit_code=5)
    queue.end("one", "failed", 5, "out of memory")
    live = training(project, "one")
    assert (live.state, live.reason) == ("failed", "out of memory")


def test_one_whose_process_is_gone_is_lost_and_can_be_gone_on_with(project, started):
    start(project, TEXT, id="one", name="a")
    _, run = begun(project)
    (run.path / "ckpt").mkdir()
    write_json(run.path / "state.json", {"state": "running", "pid": 2**22 + 1, "process_started": 1.0})
    import sqlite3

    with sqlite3.connect(project.runs / "queue" / "queue.sqlite") as base:
        base.execute("UPDATE jobs SET pid = ?, process_started = 1.0", (2**22 + 1,))
    base.close()
    live = training(project, "one")
    assert live.state == "lost"
    assert live.resumable
    assert live.job.state == "failed"  # it is not begun again by itself
    resume(project, live)
    assert training(project, "one").state == "waiting"
    assert started[-1] == ["worker", "digits"]


def test_one_without_a_checkpoint_cannot_be_gone_on_with(project):
    start(project, TEXT, id="one", name="a")
    _, run = begun(project)
    put(run, "failed")
    with pytest.raises(UsageError, match="no checkpoint"):
        resume(project, training(project, "one"))


def test_one_that_waits_is_taken_back(project):
    start(project, TEXT, id="one", name="a")
    stop(project, training(project, "one"))
    assert training(project, "one").state == "cancelled"


def test_one_that_runs_is_told_to_stop_and_not_begun_again(project, monkeypatch):
    start(project, TEXT, id="one", name="a")
    queue, run = begun(project)
    put(run, "running")
    told = []
    monkeypatch.setattr(logic, "_signal", told.append)
    stop(project, training(project, "one"))
    assert told == [this_process()[0]]
    assert training(project, "one").state == "stopping"
    queue.end("one", "waiting", 75)
    put(run, "stopped")
    assert training(project, "one").state == "stopped"
    assert queue.claim() is None


def test_a_run_of_the_command_line_is_among_them(project):
    run = RunFolder.create(project.runs, given=b"", ending=".yaml", resolved={}, about={"name": "by hand"})
    put(run, "done")
    (live,) = trainings(project)
    assert (live.id, live.name, live.state, live.job) == (run.id, "by hand", "done", None)


def test_a_damaged_run_stands_among_the_others(project):
    run = RunFolder.create(project.runs, given=b"", ending=".yaml", resolved={}, about={"name": "x"})
    good = RunFolder.create(project.runs, given=b"", ending=".yaml", resolved={}, about={"name": "y"})
    (run.path / "RUN.json").write_text("{", "utf-8")
    assert {live.id: live.state for live in trainings(project)} == {run.id: "unreadable", good.id: "loading"}


def test_how_far_it_is_in_words_and_as_a_part(project):
    start(project, TEXT, id="one", name="a")
    queue, run = begun(project)
    put(run, "running")
    told = {"stage": 1, "stages": 2, "epoch": 2, "epochs": 3, "step": 5, "steps": 10, "seconds_per_epoch": 60.0}
    queue.progress_of("one").write_text(json.dumps(told), "utf-8")
    for i in range(2):
        line = {
            "epoch": i + 1,
            "stage": 0,
            "loss": 1.0,
            "accuracy": 0.5,
            "val_loss": 1.0,
            "val_accuracy": 0.25 * (i + 1),
        }
        append_json_line(run.path / "metrics.jsonl", {**line, "kept": True})
    live = training(project, "one")
    assert shown(live).part == pytest.approx(0.25)
    assert shown(live).text == "Round 3 of at most 10, stage 1 of 2, at most 8 minutes left"
    assert best_words(live) == "Best so far, round 2: accuracy 0.5 on the samples kept for validation"
    found = curves(live)
    assert (found.rounds, found.stages) == (10, (3,))
    assert [point["value"] for point in found.lines["accuracy"] if point["of"] == "validation"] == [0.25, 0.5]


def test_a_long_training_has_charts_of_a_size_that_can_be_drawn(project):
    run = RunFolder.create(project.runs, given=b"", ending=".yaml", resolved={}, about={"name": "x"})
    put(run, "done")
    (run.path / "metrics.jsonl").write_text(
        "".join(f'{{"epoch": {i}, "loss": {i}.0}}\n' for i in range(1, 2001)), "utf-8"
    )
    points = curves(trainings(project)[0]).lines["loss"]
    assert len(points) <= 501
    assert points[-1] == {"round": 2000, "value": 2000.0, "of": "training"}


def test_times_are_said_as_exactly_as_they_are_known():
    assert [say_seconds(one) for one in (0.1, 59, 61, 3599, 7200)] == [
        "1 second", "59 seconds", "1 minute", "60 minutes", "2.0 hours",
    ]  # fmt: skip


def test_looking_at_a_project_makes_no_queue(project):
    assert trainings(project) == []
    assert training(project, "one") is None
    assert list(project.runs.iterdir()) == []
