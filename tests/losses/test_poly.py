"""Poly-1: values by hand, and what it is between."""

import keras
import numpy as np
import pytest

from kerascnn.nn.classification_loss import ClassificationLoss
from kerascnn.spec import DataInfo
from tests.helpers import make, numpy

INFO = DataInfo.of((8, 8, 1), 3)
P = np.float32([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
Y = np.float32([[1, 0, 0], [0, 0, 1]])


def poly(**fields):
    return make("loss", "poly", **fields).make(INFO)


def test_it_adds_epsilon_times_what_is_lacking_to_the_cross_entropy():
    wanted = np.mean([-np.log(0.5) + 2 * 0.5, -np.log(0.1) + 2 * 0.9])
    assert float(poly(epsilon=2)(Y, P)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_without_epsilon_it_is_the_cross_entropy_of_the_task(smoothing):
    plain = ClassificationLoss(label_smoothing=smoothing)
    assert float(poly(epsilon=0, label_smoothing=smoothing)(Y, P)) == pytest.approx(float(plain(Y, P)), rel=1e-6)


def test_smoothed_and_mixed_targets_have_their_shares_in_both_terms():
    mixed = np.float32([[0.7, 0.3, 0.0]])
    shares = 0.9 * mixed[0] + 0.1 / 3
    p = P[:1]
    wanted = -(shares * np.log(p[0])).sum() + (shares * (1 - p[0])).sum()
    assert float(poly(label_smoothing=0.1)(mixed, p)) == pytest.approx(wanted, rel=1e-5)


def test_minus_one_takes_the_first_term_of_the_series_away():
    # -log p = (1 - p) + (1 - p)^2 / 2 + ...
    p = np.float32([[0.99, 0.01, 0.0]])
    wanted = 0.01**2 / 2 + 0.01**3 / 3
    assert float(poly(epsilon=-1)(Y[:1], p)) == pytest.approx(wanted, rel=1e-2)


def test_it_comes_back_from_its_config():
    loss = poly(epsilon=0.5, label_smoothing=0.2)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert numpy(again(Y, P)) == numpy(loss(Y, P))
