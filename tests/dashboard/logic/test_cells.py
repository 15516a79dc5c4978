import numpy as np
import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.cells import cell, judged, matrix, most_confused, residuals
from kerascnn_dashboard.logic.evaluation import report_of
from tests.dashboard.made_evaluation import LABELS, evaluated, shapes_project, shapes_run


@pytest.fixture
def run(home):
    made = shapes_run(shapes_project(home))
    evaluated(made)
    return made


def test_every_cell_holds_as_many_samples_as_the_matrix_says(run):
    report, answers = report_of(run, "validation"), judged(run, "validation")
    for row in matrix(report):
        assert len(cell(answers, LABELS, row["is"], row["said"])) == row["samples"]
    assert sum(row["samples"] for row in matrix(report)) == 60


def test_the_samples_of_a_cell_come_surest_first(run):
    rows = cell(judged(run, "validation"), LABELS, "circle", "cross")
    assert [row["id"] for row in rows] == ["circle/03.png"]
    sure = [row["confidence"] for row in cell(judged(run, "validation"), LABELS, "cross", "cross")]
    assert sure == sorted(sure, reverse=True)


def test_the_most_confused_cell_is_chosen_first(run):
    assert most_confused(report_of(run, "validation")) == ("circle", "square")


def test_a_class_that_there_is_not_is_refused(run):
    with pytest.raises(UsageError, match="no class 'dog'"):
        cell(judged(run, "validation"), LABELS, "dog", "circle")


def test_what_a_threshold_costs_is_what_the_report_says(run):
    report, found = report_of(run, "validation"), judged(run, "validation").risk
    for point in report["coverage"]["curve"]:
        assert found.at(point["threshold"]) == pytest.approx((point["coverage"], point["error"]))


def test_answers_are_read_again_when_they_were_written_again(run):
    before = judged(run, "validation")
    evaluated(run, seed=1, wrong=0)
    assert judged(run, "validation") is not before


def test_a_split_without_answers_is_said_to_have_none(run):
    with pytest.raises(UsageError, match="no answers are kept of the test split"):
        judged(run, "test")


def test_residuals_are_answer_less_truth_of_a_thousand_samples_at_most(run):
    truth = np.linspace(0, 9, 3000, dtype="float32")[:, None]
    from kerascnn.runs.answers import KeptAnswers, write_answers

    write_answers(run, "test", KeptAnswers([str(i) for i in range(3000)], truth, truth + 0.5))
    rows = residuals(run, "test", ["size"])
    assert len(rows) == 1000
    assert {round(row["error"], 4) for row in rows} == {0.5}
