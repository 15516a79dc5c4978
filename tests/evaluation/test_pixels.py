import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, jaccard_score

from kerascnn.evaluation.pixels import PixelScores

IGNORE = 255


def drawn(n=12, classes=4, seed=0):
    """Return masks, and answers that are right more often than not."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([*range(classes), IGNORE], (n, 5, 6)).astype("uint8")
    return truth, rng.random((n, 5, 6, classes)) + 0.5 * np.eye(classes)[truth % classes]


def scores(truth, answers):
    return PixelScores(truth, answers, answers.shape[-1], IGNORE)


def test_the_tallies_are_those_of_the_confusions():
    truth, answers = drawn()
    found, counts = scores(truth, answers), truth < IGNORE
    assert (found.confusions == confusion_matrix(truth[counts], answers.argmax(-1)[counts])).all()
    right, wanted, said = found.tallies.sum(0)
    assert (right == found.confusions.diagonal()).all()
    assert (wanted == found.confusions.sum(1)).all()
    assert (said == found.confusions.sum(0)).all()


def test_weights_count_like_pictures_that_are_there_as_often():
    truth, answers = drawn()
    counts = np.bincount(np.random.default_rng(1).integers(12, size=12), minlength=12)
    found = scores(truth, answers).figures(counts[None])
    again = scores(truth.repeat(counts, 0), answers.repeat(counts, 0)).figures(np.ones((1, 12), int))
    assert {name: value[0] for name, value in found.items()} == {name: value[0] for name, value in again.items()}


def test_a_class_that_no_drawn_picture_holds_has_no_part_in_the_means():
    # The first picture is of class 0 and said to be; the second of class 1, half of it said to be 0.
    truth = np.array([[[0, 0]], [[1, 1]]], "uint8")
    answers = np.eye(2)[[[[0, 0]], [[0, 1]]]]
    found = scores(truth, answers).figures(np.array([[1, 1], [2, 0], [0, 2]]))
    assert found["mean_iou"].tolist() == pytest.approx([(2 / 3 + 1 / 2) / 2, 1, 1 / 4])
    assert found["mean_dice"].tolist() == pytest.approx([(4 / 5 + 2 / 3) / 2, 1, 1 / 3])
    assert found["pixel_accuracy"].tolist() == [3 / 4, 1, 1 / 2]


def test_every_figure_has_an_interval_that_holds_it():
    found = scores(*drawn(40))
    whole, bounds = found.figures(np.ones((1, 40), int)), found.intervals()
    assert set(bounds) == set(whole)
    for name, (low, high) in bounds.items():
        assert low < whole[name][0] < high


def test_resamples_without_a_pixel_that_counts_do_not_count():
    truth, answers = drawn(4)
    truth[1:3] = IGNORE
    assert all(np.isfinite(bounds).all() for bounds in scores(truth, answers).intervals().values())


def test_each_picture_has_the_mean_iou_of_the_classes_that_it_holds():
    truth, answers = drawn(6)
    truth[3] = IGNORE
    found = scores(truth, answers).each()
    for i in (0, 1, 2, 4, 5):
        counts = truth[i] < IGNORE
        wanted = jaccard_score(truth[i][counts], answers[i].argmax(-1)[counts], average="macro")
        assert found[i] == pytest.approx(wanted)
    assert np.isnan(found[3])
