import pytest

from kerascnn.runs.atomic import write_json
from kerascnn.runs.compare import compare as core_compare
from kerascnn.runs.compare import mcnemar
from kerascnn_dashboard.logic.comparing import chance, common, compare, settings_of, side_by_side, spec_rows
from kerascnn_dashboard.logic.evaluation import report_of
from tests.dashboard.made_evaluation import evaluated, shapes_project, shapes_run


@pytest.fixture
def pair(home):
    project = shapes_project(home)
    a, b = shapes_run(project, 1), shapes_run(project, 2, rate="2e-3")
    evaluated(a, wrong=5)
    evaluated(b, wrong=1)
    return project, a, b


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (3, 9), (20, 20), (0, 12)])
def test_the_exact_test_is_that_of_the_command(counts):
    assert chance(*counts) == pytest.approx(mcnemar(*counts))


def test_on_the_same_samples_it_is_what_the_command_says(pair):
    _, a, b = pair
    both, found = common(a, b, "validation"), core_compare(a, b, "validation")
    assert (list(both.fixed), list(both.broke)) == (found["fixed"], found["broke"])
    assert both.say().startswith("On the 60 samples that both have, B is right on 57, A on 53: 4 fixed, 0 broke")


def test_changed_labels_count_as_the_second_run_has_them(pair):
    _, a, b = pair
    from kerascnn.runs.answers import read_answers, write_answers

    kept = read_answers(b, "validation")
    kept.truth[kept.ids.index("circle/03.png")] = 1
    write_answers(b, "validation", kept)
    both = common(a, b, "validation")
    assert both.relabelled == 1
    assert "by the labels of B (1 differ)" in both.say()
    assert "circle/03.png" not in (*both.fixed, *both.broke)


def test_runs_of_other_classes_have_nothing_in_common(pair):
    _, a, b = pair
    write_json(b.path / "labels.json", ["circle", "cross", "star"])
    assert common(a, b, "validation") is None


def test_the_settings_that_differ_are_those_of_the_command(pair):
    _, a, b = pair
    rows = settings_of(a, b)
    assert rows == spec_rows(core_compare(a, b, "validation"))
    assert rows == [{"setting": "train.stages.0.learning_rate", "A": "0.001", "B": "0.002"}]


def test_figures_stand_beside_each_other(pair):
    _, a, b = pair
    first = side_by_side(report_of(a, "validation"), report_of(b, "validation"))[0]
    assert first == {"figure": "Accuracy", "A": "88.3%", "B": "95.0%", "B less A": "+0.0667"}


def test_two_evaluations_are_compared_once(pair, started):
    project, a, b = pair
    reports = report_of(a, "validation"), report_of(b, "validation")
    assert compare(project, a, b, reports).id == compare(project, a, b, reports).id
    assert len(started) == 1
