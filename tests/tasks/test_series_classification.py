import numpy as np
import pytest

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo((20, 1), ("low", "high"))


def test_it_is_about_the_one_class_of_a_series():
    task = make("task", "series_classification")
    assert (task.reads, task.target, task.output) == ("series", "class", "classes")
    assert task.outputs(INFO) == 2


def test_the_report_counts_the_right_answers():
    answers = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]], "float32")
    report = make("task", "series_classification").report(np.array([0, 1, 1, 1]), answers, INFO)
    assert report["metrics"]["accuracy"] == 0.75
    assert report["metrics"]["loss"] == pytest.approx(-np.log([0.9, 0.6, 0.3, 0.8]).mean(), rel=1e-5)
    assert report["floor"]["accuracy"] == 0.75


def test_what_is_said_is_the_likelier_class():
    said = make("task", "series_classification", label_smoothing=0.1).say(
        np.array([0.25, 0.75], "float32"), INFO.labels
    )
    assert said == {"label": "high", "confidence": 0.75, "probabilities": {"low": 0.25, "high": 0.75}}
