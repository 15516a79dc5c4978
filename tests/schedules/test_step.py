import pytest
from pydantic import ValidationError

from tests.helpers import make


def rates(steps, **parameters):
    schedule = make("schedule", "step", **parameters).make(0.8, steps)
    return [float(schedule(step)) for step in range(steps)]


def test_the_rate_falls_at_the_half_and_at_three_quarters():
    assert rates(8) == pytest.approx([0.8] * 4 + [0.08] * 2 + [0.008] * 2)


def test_the_points_and_the_factor_can_be_chosen():
    assert rates(10, at=[0.2, 0.3, 0.9], factor=0.5) == pytest.approx([0.8, 0.8, 0.4] + [0.2] * 6 + [0.1])


def test_the_points_are_fractions_of_the_stage_with_its_warm_up():
    assert rates(10, warmup=0.4, at=[0.6, 0.8]) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.08, 0.08, 0.008, 0.008])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_short_stage_begins_with_the_full_rate(steps):
    assert rates(steps, at=[0.01, 0.02])[0] == pytest.approx(0.8)


def test_the_rate_is_reached_even_where_it_falls_right_behind_the_warm_up():
    assert max(rates(10, warmup=0.45, at=[0.46])) == pytest.approx(0.8)


@pytest.mark.parametrize(
    "parameters", [{"at": [0.5, 0.5]}, {"at": [0.6, 0.5]}, {"warmup": 0.5}, {"warmup": 0.3, "at": [0.2]}]
)
def test_the_points_rise_and_are_behind_the_warm_up(parameters):
    with pytest.raises(ValidationError, match="the fractions must rise, and begin behind the warm-up"):
        make("schedule", "step", **parameters)
