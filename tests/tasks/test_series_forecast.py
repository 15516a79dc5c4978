import numpy as np
import pytest

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo((20, 1), ("load+1", "load+2"))
# What follows, the naive forecast, and the scale.
TRUTH = np.array([[1, 2, 0, 0, 2, 2], [5, 7, 4, 4, 4, 4]], "float32")


def test_it_is_about_series_and_the_numbers_that_follow():
    task = make("task", "series_forecast")
    assert (task.reads, task.target, task.output) == ("series", "forecast", "values")
    assert task.outputs(INFO) == 2
    assert task.metrics == {"mae": "min"}


def test_targets_are_the_numbers_that_follow_alone():
    assert make("task", "series_forecast").targets(TRUTH, INFO).tolist() == [[1, 2], [5, 7]]


def test_figures_are_beside_those_of_the_naive_forecast():
    answers = np.array([[2, 2], [5, 3]], "float32")
    report = make("task", "series_forecast").report(TRUTH, answers, INFO)
    # Errors of 1, 0, 0 and -4, over scales of 2, 2, 4 and 4.
    wanted = {"mae": 5 / 4, "rmse": (17 / 4) ** 0.5, "mase": (0.5 + 1) / 4, "loss": 17 / 4}
    assert report["metrics"] == pytest.approx(wanted)
    # The naive forecast is off by 1, 2, 1 and 3.
    assert report["floor"] == pytest.approx(
        {"mae": 7 / 4, "rmse": (15 / 4) ** 0.5, "mase": (0.5 + 1 + 0.25 + 0.75) / 4}
    )
    assert report["floor_is"] == "the naive forecast"
    assert [row["label"] for row in report["per_class"]] == ["load+1", "load+2"]
    assert report["per_class"][1]["naive_mae"] == pytest.approx(2.5)


def test_a_series_that_never_changed_in_training_has_no_part_in_mase():
    truth = TRUTH.copy()
    truth[0, 4:] = 0
    answers = np.array([[9, 9], [5, 3]], "float32")
    report = make("task", "series_forecast").report(truth, answers, INFO)
    assert report["metrics"]["mase"] == pytest.approx((0 + 1) / 2)
    truth[1, 4:] = 0
    assert "mase" not in make("task", "series_forecast").report(truth, answers, INFO)["metrics"]


def test_what_is_said_are_the_numbers_by_their_step():
    said = make("task", "series_forecast").say(np.array([3.5, 4.0], "float32"), INFO.labels)
    assert said["values"] == {"load+1": 3.5, "load+2": 4.0}


def test_figures_have_intervals_and_each_sample_its_part_of_the_first():
    answers = np.array([[2, 2], [5, 3]], "float32")
    task = make("task", "series_forecast")
    report = task.report(TRUTH, answers, INFO)
    assert set(report["intervals"]) == {"mae", "rmse", "mase", "loss"}
    assert "overlap" in report["notes"][0]
    assert task.each(TRUTH, answers, INFO)[2].tolist() == [0.5, 2.0]
