import pytest

from tests.helpers import make


def rates(steps, **parameters):
    schedule = make("schedule", "inverse_time", **parameters).make(0.6, steps)
    return [float(schedule(step)) for step in range(steps + 1)]


def test_the_rate_falls_as_one_over_one_and_the_time():
    # To a quarter in 3 steps: 1 / (1 + step).
    assert rates(3, end=0.25) == pytest.approx([0.6, 0.3, 0.2, 0.15])


def test_it_ends_at_a_tenth():
    assert rates(90)[-1] == pytest.approx(0.06)


def test_it_falls_behind_its_warm_up():
    assert rates(5, warmup=0.4, end=0.25) == pytest.approx([0, 0.3, 0.6, 0.3, 0.2, 0.15])


def test_a_stage_of_one_step_has_the_rate():
    assert rates(1, warmup=0.9)[0] == pytest.approx(0.6)
