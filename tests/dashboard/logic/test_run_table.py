"""The table of trainings, what tells some apart, their names and tags, and how one is thrown away."""

from __future__ import annotations

import json

import pytest

from kerascnn.errors import UsageError
from kerascnn.jobs.plan import Planned
from kerascnn.jobs.queue import Queue
from kerascnn_dashboard.logic.run_notes import Notes, notes_of, rename, set_tags
from kerascnn_dashboard.logic.run_table import differing, overlaid, rows, short_names, thinned, throw_away
from tests.dashboard.made_runs import SPEC, make_run


@pytest.fixture
def project(home):
    made = home.create("Digits", "image_classification")
    made.add_version({"source": {"type": "digits"}}, "demo", "digits")
    return made


def test_a_row_says_what_a_run_is_and_came_to(project):
    make_run(project)
    (row,) = rows(project)
    assert (row.name, row.state, row.version, row.template) == ("digits-quick", "done", "v1", "lenet5")
    assert row.best == "accuracy 0.8, round 2"
    assert (row.value, row.line, row.seconds) == (0.8, (0.5, 0.8, 0.7), 6.0)


def test_a_training_of_other_data_has_no_version(project):
    make_run(project, spec=SPEC.format(name="x").replace("{type: digits}", "{type: image_folder, path: /d}"))
    assert rows(project)[0].version == ""


def test_a_broken_folder_is_a_row_and_hides_no_other(project):
    make_run(project, 1)
    bad = make_run(project, 2)
    (bad.path / "RUN.json").write_text("{")
    worse = make_run(project, 3)
    (worse.path / "spec.resolved.json").write_text("[]")
    (worse.path / "metrics.jsonl").write_text('{"kept": true, "val_accuracy": "much"}\n')
    states = {row.id: row.state for row in rows(project)}
    assert sorted(states.values()) == ["done", "unreadable", "unreadable"]
    assert next(row.reason for row in rows(project) if row.id == bad.id)


def test_what_waits_is_a_row_without_a_run(project):
    Queue(project.runs).put(
        "job-1", Planned("s", SPEC.format(name="x").encode(), (), "x", str(project.folder)), "job-1"
    )
    (row,) = rows(project)
    assert (row.state, row.best, row.line) == ("waiting", "", ())


def test_a_name_and_tags_lie_beside_the_runs_own_files(project):
    run = make_run(project)
    before = (run.path / "RUN.json").read_bytes()
    rename(run, "  My  best ")
    set_tags(run, ["good", "good", " for paper "])
    assert notes_of(run) == Notes("My best", ("good", "for paper"))
    assert (run.path / "RUN.json").read_bytes() == before
    assert (rows(project)[0].name, rows(project)[0].tags) == ("My best", ("good", "for paper"))
    rename(run, "")
    assert rows(project)[0].name == "digits-quick"


@pytest.mark.parametrize("name", ["x" * 81, "a\x1bb"])
def test_names_that_no_table_could_show_are_refused(project, name):
    with pytest.raises(UsageError, match="a name has at most 80 characters"):
        rename(make_run(project), name)


def test_tags_that_are_too_long_or_too_many_are_refused(project):
    run = make_run(project)
    with pytest.raises(UsageError, match="a tag has at most 30"):
        set_tags(run, ["y" * 31])
    with pytest.raises(UsageError, match="at most 12 tags"):
        set_tags(run, [str(i) for i in range(13)])


def test_damaged_notes_say_nothing(project):
    run = make_run(project)
    (run.path / "notes.json").write_text('{"name": 3, "tags": 7}')
    assert notes_of(run) == Notes()


def test_only_the_settings_that_differ_are_told(project):
    one = make_run(project, 1)
    other = make_run(project, 2, name="b", spec=SPEC.format(name="b").replace("epochs: 4", "epochs: 9"))
    found = differing([one, other])
    assert found.paths == ("train.stages.0.epochs",)
    assert found.values[other.id] == {"train.stages.0.epochs": 9}
    assert differing([one, one]).paths == ()


def test_curves_are_laid_over_each_other_by_a_figure_that_all_have(project):
    make_run(project, 1, accuracies=(0.1, 0.2))
    make_run(project, 2, accuracies=(0.3,))
    found = rows(project)
    figure, points = overlaid(found)
    assert figure == "val_accuracy"
    assert {(point["round"], point["value"]) for point in points} == {(1, 0.1), (2, 0.2), (1, 0.3)}
    assert len(set(short_names(found).values())) == 2


def test_a_training_without_a_round_has_no_curve(project):
    make_run(project, 1, accuracies=())
    make_run(project, 2)
    assert overlaid(rows(project)) == ("", [])


def test_a_long_course_is_thinned_and_keeps_its_end():
    assert len(thinned(range(1000))) <= 60
    assert thinned(range(1000))[-1] == 999
    assert thinned([1.0, 2.0]) == [1.0, 2.0]


def test_a_run_is_thrown_away_only_by_its_name(home, project):
    run = make_run(project)
    live = rows(project)[0].live
    with pytest.raises(UsageError, match="the name is 'digits-quick'"):
        throw_away(home, project, live, "digits")
    there = throw_away(home, project, live, "digits-quick")
    assert not run.path.exists()
    assert (there / "model.keras").is_file()
    assert there.is_relative_to(home.folder / "trash")
    assert rows(project) == []


def test_a_thrown_away_run_of_the_queue_does_not_begin_anew(home, project):
    queue = Queue(project.runs)
    queue.put("job-1", Planned("s", SPEC.format(name="x").encode(), (), "x", str(project.folder)), "job-1")
    run = make_run(project)
    about = json.loads((run.path / "RUN.json").read_text())
    (run.path / "RUN.json").write_text(json.dumps({**about, "job": "job-1"}))
    queue.claim()
    queue.began("job-1", run.path)
    queue.end("job-1", "done", 0)
    throw_away(home, project, rows(project)[0].live, run.id)
    queue.rebuild()
    assert [job.state for job in queue.jobs()] == ["cancelled"]


def test_what_goes_on_is_not_thrown_away(home, project):
    Queue(project.runs).put("job-1", Planned("s", b"", (), "x", str(project.folder)), "job-1")
    with pytest.raises(UsageError, match="only a training that has ended"):
        throw_away(home, project, rows(project)[0].live, "x")
