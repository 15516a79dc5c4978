"""What tasks share that name one class by scores: with probabilities all figures, with other scores those that hold."""

from __future__ import annotations

import numpy as np
import pytest

from kerascnn.spec import DataInfo
from kerascnn.tasks.class_scores import ClassScores
from kerascnn.tasks.image_classification import ImageClassification

INFO = DataInfo((8, 8, 1), ("a", "b", "c"))
TRUTH = np.array([0, 1, 2, 1])
SCORES = np.array([[0.9, 0.8, 0.1], [0.2, 0.7, 0.9], [0.1, 0.2, 0.3], [0.1, 0.9, 0.2]], "float32")


class Lengths(ClassScores):
    """Scores that are no probabilities."""

    type_name = "lengths"
    reads = "image"
    output = "lengths"

    def loss(self, info):
        from keras import losses

        return losses.MeanSquaredError()


def test_scores_have_no_figure_of_probabilities():
    report = Lengths().report(TRUTH, SCORES, INFO)
    for part in ("metrics", "floor", "intervals"):
        assert "log_loss" not in report[part]
    assert report["metrics"]["accuracy"] == 0.75
    squares = (SCORES - np.eye(3)[TRUTH]) ** 2
    assert report["metrics"]["loss"] == pytest.approx(squares.mean(), rel=1e-5)
    assert report["confusion_matrix"] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert report["floor"]["accuracy"] == 0.5


def test_what_is_said_has_a_confidence_where_the_scores_are_probabilities_alone():
    assert Lengths().say(SCORES[0], INFO.labels) == {
        "label": "a", "confidence": None, "values": {"a": pytest.approx(0.9), "b": pytest.approx(0.8),
                                                      "c": pytest.approx(0.1)},
    }  # fmt: skip
    said = ImageClassification().say(np.float32([0.2, 0.7, 0.1]), INFO.labels)
    assert said["label"] == "b"
    assert said["confidence"] == pytest.approx(0.7)
    assert set(said["probabilities"]) == set(INFO.labels)


def test_each_sample_is_right_or_wrong():
    name, better, each = Lengths().each(TRUTH, SCORES, INFO)
    assert (name, better, each.tolist()) == ("accuracy", "max", [1, 0, 1, 1])


def test_targets_are_one_hot():
    assert Lengths().targets(TRUTH, INFO).tolist() == np.eye(3)[TRUTH].tolist()
    assert Lengths().outputs(INFO) == 3
