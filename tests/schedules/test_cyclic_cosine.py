import math

import pytest

from tests.helpers import make


def rates(steps, rate=0.5, **parameters):
    schedule = make("schedule", "cyclic_cosine", **parameters).make(rate, steps)
    return [float(schedule(step)) for step in range(steps)]


def test_each_cycle_falls_along_half_a_cosine_from_the_full_rate():
    # As in the paper (arXiv:1704.00109, equation 2), with steps counted from 0.
    wanted = [0.5 / 2 * (math.cos(math.pi * (step % 10) / 10) + 1) for step in range(30)]
    assert rates(30, cycles=3) == pytest.approx(wanted, abs=1e-6)


def test_a_cycle_ends_near_the_fraction_that_is_given():
    found = rates(200, cycles=2, end=0.1)
    assert found[99] == pytest.approx(0.05, abs=1e-3)
    assert found[100] == pytest.approx(0.5)


def test_where_cycles_do_not_divide_the_steps_the_last_one_is_shorter():
    assert [step for step, rate in enumerate(rates(10, cycles=3)) if rate == pytest.approx(0.5)] == [0, 4, 8]


def test_more_cycles_than_steps_leave_the_full_rate():
    assert rates(2, cycles=5) == pytest.approx([0.5, 0.5])
