import numpy as np
import pytest

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo((20, 1), ("load",))


def test_it_is_about_series_and_their_numbers():
    task = make("task", "series_regression")
    assert (task.reads, task.target, task.output) == ("series", "values", "values")
    assert task.outputs(INFO) == 1


def test_an_error_of_one_for_each_sample_is_reported_as_such():
    truth = np.array([[1.0], [2.0], [6.0]], "float32")
    metrics = make("task", "series_regression").report(truth, truth + 1, INFO)["metrics"]
    assert (metrics["mae"], metrics["rmse"], metrics["loss"]) == pytest.approx((1, 1, 1))
    # The spread about the mean of 3 is 4 + 1 + 9.
    assert metrics["r2"] == pytest.approx(1 - 3 / 14)


def test_what_is_said_is_the_number():
    said = make("task", "series_regression").say(np.array([3.5], "float32"), ["load"])
    assert (said["label"], said["values"]) == ("load 3.5", {"load": 3.5})
