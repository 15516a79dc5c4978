"""What an evaluation keeps of masks and boxes."""

from types import SimpleNamespace

import numpy as np
import pytest

from kerascnn.engine.each_picture import WORST, each_picture, say_boxes, say_mask
from tests.helpers import make


def predictor(task, target, shape=(4, 4, 3), labels=("ground", "disc")):
    run = SimpleNamespace(read=lambda name: {"counts": {}, "sizes": {}})
    spec = SimpleNamespace(data=SimpleNamespace(source=SimpleNamespace(target=target)))
    return SimpleNamespace(run=run, spec=spec, task=task, shape=shape, labels=list(labels))


def test_of_masks_the_worst_are_kept_as_class_numbers():
    n = WORST + 5
    truth = np.zeros((n, 4, 4), "uint8")
    truth[:, :2] = 1
    said = truth.copy()
    said[:, 0, 1] = 0  # one pixel of each is
    said[3, 0, 0] = 0  # and one more
    said[7] = 1  # half of it is wrong
    said[8] = truth[8]
    truth[9] = 255  # nothing counts
    answers = np.eye(2, dtype="float32")[said]
    ids = [f"{i}.png" for i in range(n)]
    found = each_picture(predictor(make("task", "image_segmentation"), "mask"), ids, truth, answers)
    assert (found.name, found.better, found.ids) == ("picture_iou", "max", ids)
    assert found.worst[:2] == ["7.png", "3.png"]
    assert len(found.worst) == WORST
    assert not {"8.png", "9.png"} & set(found.worst)
    np.testing.assert_array_equal(found.masks[0], said[7])
    assert (found.truths[0], found.said[0]) == ("ground 50 %, disc 50 %", "disc 100 %")
    assert found.values[7] == pytest.approx(0.25)
    assert np.isnan(found.values[9])


def test_of_boxes_those_that_are_found_are_kept_with_their_picture():
    truth = [
        np.array([[0, 0, 0, 8, 8]], "float32"),
        np.array([[1, 0, 0, 8, 8]], "float32"),
        np.zeros((0, 5), "float32"),
    ]
    answers = np.zeros((3, 4, 4, 6), "float32")
    answers[:2, 1, 1] = [0.9, 0, -0.5, -0.5, 2, 2]  # a box of class 0 about the true one
    task = make("task", "object_detection")
    found = each_picture(predictor(task, "boxes", (16, 16, 3), ("big", "small")), ["a", "b", "c"], truth, answers)
    assert found.values.tolist() == [1, 0, 1]
    # What is as it should be is no failure.
    assert found.worst == ["b"]
    assert (found.truths, found.said) == (["1 small"], ["1 big"])
    assert found.boxes[:, :6].tolist() == [[0, 0, 0, 0, 8, 8]]


def test_other_answers_are_kept_whole_and_not_so():
    assert each_picture(predictor(make("task", "image_classification"), "class"), [], [], np.zeros(0)) is None


def test_many_classes_are_not_all_named():
    mask = np.array([[0, 0, 0, 1, 1, 2, 3, 255]], "uint8")
    assert say_mask(mask, "abcd") == "a 43 %, b 29 %, c 14 %, ..."
    assert say_mask(np.full((2, 2), 255, "uint8"), "ab") == "nothing"
    assert say_boxes(np.zeros((0, 5)), "ab") == "nothing"
