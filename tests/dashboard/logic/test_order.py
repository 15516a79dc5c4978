"""When a training begins that waits for its turn."""

import pytest

from kerascnn.jobs.queue import Queue
from kerascnn.templates_list import find_template
from kerascnn_dashboard.logic.order import Place, in_turn, move, place_of
from kerascnn_dashboard.logic.training import start, training, trainings

TEXT = find_template("lenet5").read_text("utf-8")


@pytest.fixture
def project(home, started):
    made = home.create("Digits", "image_classification")
    for name in "abcd":
        start(made, TEXT, id=f"job-{name}", name=name)
    Queue(made.runs).claim()  # a runs, b, c and d wait
    return made


def order(project):
    return [one.name for one in in_turn(trainings(project))]


def test_what_runs_comes_first_and_what_waits_in_its_order(project):
    assert order(project) == ["a", "b", "c", "d"]
    assert place_of(project, training(project, "job-c")) == Place(1, 3)
    assert place_of(project, training(project, "job-a")) is None


@pytest.mark.parametrize(
    ("name", "by", "after"),
    [("d", -1, "bdc"), ("d", -2, "dbc"), ("d", -9, "dbc"), ("b", 1, "cbd"), ("b", 9, "cdb"), ("c", -1, "cbd")],
)
def test_one_that_waits_is_moved_among_those_that_wait(project, name, by, after):
    assert move(project, training(project, f"job-{name}"), by)
    assert order(project) == ["a", *after]
    claimed = [Queue(project.runs).claim().name for _ in range(3)]
    assert claimed == list(after)


def test_what_cannot_be_moved_stays(project):
    assert not move(project, training(project, "job-b"), -1)
    assert not move(project, training(project, "job-d"), 1)
    begun = training(project, "job-b")
    Queue(project.runs).claim()
    assert not move(project, begun, 1)  # it has begun since the page was drawn
    assert order(project) == ["a", "b", "c", "d"]
