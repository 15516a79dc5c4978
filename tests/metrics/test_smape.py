"""The symmetric error in percent, by hand."""

import numpy as np
import pytest

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo.of((12, 2), 2)


def smape(truth, answers):
    return make("metric", "smape").measure(np.array(truth), np.array(answers), INFO)


def test_it_is_the_error_in_units_of_the_mean_of_both():
    # 200 * 50 / 250 and 200 * 50 / 150.
    assert smape([[100.0, 100.0]], [[150.0, 50.0]]) == pytest.approx((40 + 200 / 3) / 2)


def test_it_is_the_same_whichever_of_the_two_is_true():
    assert smape([[3.0, -1.0]], [[5.0, 2.0]]) == smape([[5.0, 2.0]], [[3.0, -1.0]])


def test_the_worst_is_200_and_right_is_0_even_at_0():
    assert smape([[1.0, -2.0]], [[0.0, 2.0]]) == 200
    assert smape([[0.0, 7.0]], [[0.0, 7.0]]) == 0


def test_of_a_forecast_the_naive_one_and_the_scale_do_not_count():
    forecast = [[100.0, 100.0, 7.0, 7.0, 3.0, 3.0]]
    assert smape(forecast, [[150.0, 50.0]]) == smape([[100.0, 100.0]], [[150.0, 50.0]])
