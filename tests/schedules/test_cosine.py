import math

import pytest

from tests.helpers import make


def rates(steps, rate=0.5, **parameters):
    schedule = make("schedule", "cosine", **parameters).make(rate, steps)
    return [float(schedule(step)) for step in range(steps + 1)]


def test_cosine_falls_along_half_a_cosine():
    wanted = [0.5 * (1 + math.cos(math.pi * step / 40)) / 2 for step in range(41)]
    assert rates(40) == pytest.approx(wanted, abs=1e-6)


def test_cosine_ends_at_the_fraction_that_is_given():
    found = rates(40, end=0.1)
    assert found[0] == pytest.approx(0.5)
    assert found[20] == pytest.approx(0.5 * (0.1 + 0.9 / 2), rel=1e-5)
    assert found[-1] == pytest.approx(0.05, rel=1e-5)


def test_warmup_rises_in_a_straight_line_to_the_rate_and_falls_from_there():
    found = rates(50, warmup=0.2, end=0.1)
    assert found[:11] == pytest.approx([0.05 * step for step in range(11)], abs=1e-6)
    wanted = [0.5 * (0.1 + 0.9 * (1 + math.cos(math.pi * step / 40)) / 2) for step in range(41)]
    assert found[10:] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.9), (2, 0.99), (10, 0.99)])
def test_a_short_stage_still_reaches_the_rate(steps, warmup):
    assert max(rates(steps, warmup=warmup)[:steps]) == pytest.approx(0.5)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_stage_of_no_step_can_be_scheduled(steps):
    assert rates(steps)[0] == pytest.approx(0.5)
