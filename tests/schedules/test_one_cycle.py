import math

import pytest
from pydantic import ValidationError

from tests.helpers import make


def rates(steps, **parameters):
    schedule = make("schedule", "one_cycle", **parameters).make(0.5, steps)
    return [float(schedule(step)) for step in range(steps + 1)]


def between(low, high, length):
    """Return half a cosine from one number to another, without the last."""
    return [low + (high - low) * (1 - math.cos(math.pi * i / length)) / 2 for i in range(length)]


def test_the_rate_rises_to_the_highest_and_falls_to_the_end_along_half_cosines():
    wanted = between(0.02, 0.5, 15) + between(0.5, 0.5e-4, 35) + [0.5e-4]
    assert rates(50) == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_corners_are_where_they_are_asked_for():
    found = rates(100, rise=0.2, start=0.1, end=0.01)
    assert (found[0], found[10], found[20], found[60], found[100]) == pytest.approx(
        (0.05, 0.275, 0.5, 0.2525, 0.005), rel=1e-4
    )


def test_three_phases_fall_as_slowly_as_they_rise_and_then_to_the_end():
    wanted = between(0.05, 0.5, 40) + between(0.5, 0.05, 40) + between(0.05, 0.005, 20) + [0.005]
    assert rates(100, phases=3, rise=0.4, start=0.1, end=0.01) == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_three_phases_leave_time_for_the_third():
    with pytest.raises(ValidationError, match=r"phases 3 and rise 0\.5.*give a rise below 0\.5"):
        make("schedule", "one_cycle", phases=3, rise=0.5)


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("phases", [2, 3])
def test_a_short_stage_still_reaches_the_rate(steps, phases):
    found = rates(steps, phases=phases, rise=0.49)
    assert max(found[:steps]) == pytest.approx(0.5)
    assert found[-1] == pytest.approx(0.5e-4, rel=1e-3)


def test_a_stage_of_no_step_can_be_scheduled():
    assert rates(0)[0] == pytest.approx(0.5)
