"""Which runs a page offers, and what they are called there."""

import pytest

from kerascnn_dashboard.logic.models import models_of, name_of, say_run
from kerascnn_dashboard.logic.predictions import choices
from kerascnn_dashboard.logic.run_notes import rename
from kerascnn_dashboard.logic.run_table import rows
from kerascnn_dashboard.logic.starts import starts
from kerascnn_dashboard.logic.training import trainings
from tests.dashboard.made_evaluation import shapes_project, shapes_run
from tests.dashboard.made_runs import make_run


@pytest.fixture
def project(home):
    return shapes_project(home)


def test_the_last_run_comes_first_and_what_has_no_model_or_is_damaged_is_left_out(project):
    first, second, third, fourth, fifth = (make_run(project, number) for number in range(1, 6))
    (second.path / "model.keras").unlink()
    (fourth.path / "RUN.json").write_text("{")
    (fifth.path / "spec.resolved.json").unlink()
    assert list(models_of(project)) == [third.id, first.id]


def test_the_name_that_somebody_gave_stands_on_every_page(home, project):
    run = shapes_run(project)
    assert name_of(run) == "shapes"
    assert say_run(run).startswith("shapes, ")
    rename(run, "My best")
    assert say_run(run).startswith("My best, ")
    assert [one.title for one in choices(project)] == [say_run(run)]
    assert rows(project)[0].name == trainings(project)[0].title == "My best"
    assert "My best of Shapes" in [one.title for one in starts(home, "image_classification")]


def test_a_run_without_a_name_goes_by_its_id(project):
    run = make_run(project)
    (run.path / "RUN.json").write_text("{")
    assert name_of(run) == say_run(run) == run.id
