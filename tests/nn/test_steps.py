import numpy as np
import pytest

from kerascnn.nn.steps import keep, last_step, mean_over_steps, spread_of, standardise, steps_there
from tests.helpers import normal, numpy

SERIES = np.array([[[1, 2], [0, 0], [3, 0], [0, 0]], [[0, 5], [7, 0], [0, 0], [0, 0]], [[0, 0]] * 4], "float32")
THERE = [[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


def test_a_step_is_there_up_to_the_last_one_that_is_not_zero_in_every_channel():
    assert numpy(steps_there(SERIES)).tolist() == THERE


def test_what_is_not_there_becomes_zero():
    assert numpy(keep(np.ones((3, 4, 1), "float32"), steps_there(SERIES)))[..., 0].tolist() == THERE


def test_the_last_step_and_the_mean_are_of_the_steps_that_are_there():
    there = steps_there(SERIES)
    assert numpy(last_step(SERIES, there)).tolist() == [[3, 0], [7, 0], [0, 0]]
    np.testing.assert_allclose(numpy(mean_over_steps(SERIES, there)), [[4 / 3, 2 / 3], [3.5, 2.5], [0, 0]], rtol=1e-6)


def test_standardised_channels_have_mean_0_and_variance_1_over_the_steps_that_are_there():
    x = 5 + 3 * normal(2, 9, 2)
    x[0, 6:] = 0
    found = numpy(standardise(x, steps_there(x)))
    inside = found[0, :6]
    np.testing.assert_allclose([inside.mean(0), inside.std(0)], [[0, 0], [1, 1]], atol=1e-5)
    assert (found[0, 6:] == 0).all()


@pytest.mark.parametrize("level", [0.0, 0.1, 1e6, -3e-5])
def test_a_channel_that_does_not_vary_becomes_zero_and_has_a_spread_of_1(level):
    x = np.full((1, 50, 1), level, "float32")
    there = np.ones((1, 50), "float32")
    assert (numpy(standardise(x, there)) == 0).all()
    assert numpy(spread_of(x, there)).tolist() == [[1.0]]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_spread_is_the_standard_deviation_in_any_unit(unit):
    x = (unit * (100 + normal(4, 30, 2))).astype("float32")
    np.testing.assert_allclose(numpy(spread_of(x, np.ones((4, 30), "float32"))), x.std(1), rtol=1e-3)
