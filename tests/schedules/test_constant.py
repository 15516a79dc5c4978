import pytest

from tests.helpers import make


def test_constant_gives_the_rate_itself():
    assert make("schedule", "constant").make(0.02, 100) == 0.02


def test_a_warm_up_rises_to_the_rate_and_stays_there():
    schedule = make("schedule", "constant", warmup=0.4).make(0.2, 10)
    assert [float(schedule(step)) for step in range(7)] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2, 0.2, 0.2])


@pytest.mark.parametrize("steps", [0, 1])
def test_a_stage_of_one_step_has_the_rate(steps):
    assert make("schedule", "constant", warmup=0.9).make(0.2, steps) == 0.2


def test_nothing_is_lowered():
    assert [make("schedule", "constant").react(waited) for waited in range(20)] == [1.0] * 20
