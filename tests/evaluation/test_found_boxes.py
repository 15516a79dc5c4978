import numpy as np
import pytest

from kerascnn.evaluation import found_boxes
from kerascnn.evaluation.found_boxes import BoxScores, ClassBoxes, box_f1
from kerascnn.tasks.boxes import average_precision

PICTURES = 9


def drawn(seed=0, many=40, limits=10):
    """Return the boxes of a class; different pictures often have equal scores; stricter limits are met less often."""
    rng = np.random.default_rng(seed)
    pictures = np.sort(rng.integers(PICTURES, size=many))
    right = rng.random((limits, many)) < np.linspace(0.7, 0.1, limits)[:, None]
    # No picture has fewer true boxes than right ones.
    support = np.array([right[:, pictures == i].sum(1).max(initial=0) for i in range(PICTURES)]) + rng.integers(
        2, size=PICTURES
    )
    place = np.arange(many) - np.searchsorted(pictures, pictures)
    return by_score(1 - place / 16, right, pictures, support)


def by_score(scores, right, pictures, support):
    order = np.argsort(-scores, kind="stable")
    return ClassBoxes(scores[order], right[:, order], pictures[order], support)


def repeated(boxes, counts):
    """Return the boxes of pictures that are there as often as `counts` says, one after the other."""
    old = np.repeat(np.arange(PICTURES), counts)
    parts = [np.flatnonzero(boxes.pictures == i) for i in old]
    at = np.concatenate(parts).astype(int)
    new = np.repeat(np.arange(len(old)), [len(part) for part in parts])
    return by_score(boxes.scores[at], boxes.right[:, at], new, boxes.support[old])


def figures_of(classes):
    """Return both figures as the report has them, of classes that have boxes."""
    known = [one for one in classes if one.support.sum()]
    area = [average_precision(one.right[0], one.support.sum()) for one in known]
    points = [average_precision(right, one.support.sum(), 101) for one in known for right in one.right]
    return {"map50": np.mean(area), "map50_95": np.mean(points)}


CLASSES = [drawn(0), drawn(1, 25), drawn(2, 0)]


def test_weights_of_one_give_the_figures_of_the_report():
    found = BoxScores(CLASSES).figures(np.ones((1, PICTURES), int))
    assert {name: float(value[0]) for name, value in found.items()} == pytest.approx(figures_of(CLASSES), rel=1e-12)


def test_weights_count_like_pictures_that_are_there_as_often():
    rng = np.random.default_rng(3)
    counts = np.stack([np.bincount(rng.integers(PICTURES, size=PICTURES), minlength=PICTURES) for _ in range(30)])
    found = BoxScores(CLASSES).figures(counts)
    for i, row in enumerate(counts):
        wanted = figures_of([repeated(one, row) for one in CLASSES])
        assert {name: float(value[i]) for name, value in found.items()} == pytest.approx(wanted, rel=1e-12)


def test_parts_of_resamples_are_as_the_whole(monkeypatch):
    counts = np.random.default_rng(4).integers(3, size=(20, PICTURES))
    whole = BoxScores(CLASSES).figures(counts)
    monkeypatch.setattr(found_boxes, "_CHUNK", 100)
    for name, value in BoxScores(CLASSES).figures(counts).items():
        np.testing.assert_array_equal(value, whole[name])


def test_a_class_that_no_drawn_picture_shows_has_no_say():
    # One box each, the first class right and the second one not, in a picture of its own.
    right = np.ones((2, 1), bool)
    one, other = (
        ClassBoxes(np.array([0.9]), right == good, np.array([at]), np.eye(2, dtype=int)[at])
        for at, good in ((0, True), (1, False))
    )
    found = BoxScores([one, other]).figures(np.array([[1, 1], [2, 0], [0, 2], [0, 0]]))
    assert found["map50"][:3].tolist() == found["map50_95"][:3].tolist() == [0.5, 1, 0]
    assert np.isnan(found["map50"][3])


def test_intervals_hold_the_figures():
    scores = BoxScores(CLASSES)
    whole = scores.figures(np.ones((1, PICTURES), int))
    for name, (low, high) in scores.intervals().items():
        assert low < whole[name][0] < high


def test_of_too_many_pictures_and_boxes_there_are_none():
    boxes = drawn(many=10)
    many = ClassBoxes(boxes.scores, boxes.right, boxes.pictures, np.ones(300_000, int))
    assert BoxScores([many]).intervals() == {}


def test_f1_of_pictures_by_hand():
    right, found, true = np.array([[2, 4, 3], [0, 0, 0], [0, 1, 0], [0, 0, 2], [1, 1, 1]]).T
    assert box_f1(right, found, true).tolist() == pytest.approx([4 / 7, 1, 0, 0, 1])
