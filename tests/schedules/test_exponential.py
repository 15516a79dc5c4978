import pytest

from tests.helpers import make


def rates(steps, **parameters):
    schedule = make("schedule", "exponential", **parameters).make(0.5, steps)
    return [float(schedule(step)) for step in range(steps + 1)]


def test_the_rate_falls_by_the_same_factor_in_each_step():
    assert rates(4, end=0.0625) == pytest.approx([0.5, 0.25, 0.125, 0.0625, 0.03125])


def test_it_ends_at_a_hundredth():
    found = rates(50)
    assert (found[0], found[25], found[-1]) == pytest.approx((0.5, 0.05, 0.005))


def test_it_falls_behind_its_warm_up():
    assert rates(6, warmup=0.34, end=0.0625) == pytest.approx([0, 0.25, 0.5, 0.25, 0.125, 0.0625, 0.03125])


def test_a_stage_of_one_step_has_the_rate():
    assert rates(1, warmup=0.9)[0] == pytest.approx(0.5)
