"""The correlation of classes: by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo.of((8, 8, 1), 3)


def matthews(truth, said):
    return make("metric", "matthews").measure(np.asarray(truth), np.eye(3)[said], INFO)


def test_of_two_classes_it_is_the_correlation():
    # 3 and 2 right, 1 of each wrong: (6 - 1) / sqrt(4 * 4 * 3 * 3).
    truth, said = [1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 0, 0, 0, 1]
    assert matthews(truth, said) == pytest.approx(5 / 12)
    assert matthews(truth, said) == pytest.approx(np.corrcoef(truth, said)[0, 1])


def test_of_several_classes_it_is_that_of_scikit_learn():
    truth, said = np.random.default_rng(0).integers(0, 3, (2, 50))
    assert matthews(truth, said) == pytest.approx(matthews_corrcoef(truth, said))


def test_always_right_is_one_and_always_the_same_is_zero():
    assert matthews([0, 1, 2], [0, 1, 2]) == pytest.approx(1)
    assert matthews([0, 1, 2], [1, 1, 1]) == 0.0
    assert matthews([1, 1, 1], [0, 1, 2]) == 0.0
