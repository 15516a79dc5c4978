"""The pinball loss: values by hand, against scikit-learn, and that its best answer is the quantile."""

import keras
import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from kerascnn.spec import DataInfo
from tests.helpers import make, normal, numpy

INFO = DataInfo.of((12, 2), 2)
Y, ANSWERS = normal(9, 2, seed=1), normal(9, 2, seed=2)


def pinball(quantile):
    return make("loss", "quantile", quantile=quantile).make(INFO)


def test_too_small_counts_quantile_times_and_too_large_the_rest():
    assert float(pinball(0.9)(np.float32([[3.0]]), np.float32([[1.0]]))) == pytest.approx(1.8)
    assert float(pinball(0.9)(np.float32([[1.0]]), np.float32([[3.0]]))) == pytest.approx(0.2)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.9])
def test_it_is_that_of_scikit_learn(quantile):
    wanted = mean_pinball_loss(Y, ANSWERS, alpha=quantile)
    assert float(pinball(quantile)(Y, ANSWERS)) == pytest.approx(wanted, rel=1e-5)


def test_at_one_half_it_is_half_the_absolute_error():
    assert float(pinball(0.5)(Y, ANSWERS)) == pytest.approx(np.abs(Y - ANSWERS).mean() / 2, rel=1e-5)


def test_the_best_constant_is_the_quantile():
    y = np.arange(101, dtype="float32")[:, None]
    losses = [float(pinball(0.9)(y, np.full_like(y, value))) for value in range(101)]
    assert np.argmin(losses) == 90


def test_it_takes_the_targets_of_a_forecast():
    task = make("task", "series_forecast")
    truth = normal(4, 6, seed=3)  # the numbers, the naive forecast and the scale
    targets = task.targets(truth, INFO)
    assert float(pinball(0.5)(targets, truth[:, :2])) == 0.0


def test_it_comes_back_from_its_config():
    loss = pinball(0.7)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert numpy(again(Y, ANSWERS)) == numpy(loss(Y, ANSWERS))
