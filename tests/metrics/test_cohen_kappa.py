"""Cohen's kappa: by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo.of((8, 8, 1), 4)
RNG = np.random.default_rng(0)
TRUTH, SAID = RNG.integers(0, 4, (2, 60))


def kappa(truth, said, **fields):
    return make("metric", "cohen_kappa", **fields).measure(np.asarray(truth), np.eye(4)[said], INFO)


def test_seven_of_ten_where_half_is_chance():
    # Right 0.7; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    assert kappa([0] * 5 + [1] * 5, [0, 0, 0, 0, 1, 0, 0, 1, 1, 1]) == pytest.approx((0.7 - 0.5) / 0.5)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_it_is_that_of_scikit_learn(weights):
    theirs = cohen_kappa_score(TRUTH, SAID, labels=range(4), weights=None if weights == "none" else weights)
    assert kappa(TRUTH, SAID, weights=weights) == pytest.approx(theirs)


def test_one_class_apart_costs_less_than_three_where_weights_say_so():
    near, far = np.where(TRUTH < 3, TRUTH + 1, 2), (TRUTH + 2) % 4
    assert kappa(TRUTH, near, weights="quadratic") > kappa(TRUTH, far, weights="quadratic")


def test_a_single_class_tells_nothing():
    assert np.isnan(kappa([1, 1, 1], [1, 1, 1]))


def test_a_class_that_no_sample_shows_has_no_part():
    assert kappa([0, 1, 0], [0, 1, 0]) == 1.0
