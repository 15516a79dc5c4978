import pytest

from tests.helpers import make


def rates(steps, **parameters):
    schedule = make("schedule", "polynomial", **parameters).make(0.5, steps)
    return [float(schedule(step)) for step in range(steps + 1)]


def test_the_power_1_falls_in_a_straight_line():
    assert rates(5) == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1, 0.0])


def test_the_power_2_falls_as_the_square_of_what_is_left():
    assert rates(4, power=2.0) == pytest.approx([0.5 * (1 - step / 4) ** 2 for step in range(5)])


def test_it_ends_at_the_fraction_that_is_given():
    assert rates(4, end=0.2) == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1])


def test_it_falls_behind_its_warm_up():
    assert rates(7, warmup=0.3) == pytest.approx([0, 0.25, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])


def test_a_stage_of_one_step_has_the_rate():
    assert rates(1, warmup=0.9)[0] == pytest.approx(0.5)
