"""Schedules one after another."""

import keras
import pytest
from keras.optimizers.schedules import ExponentialDecay, PolynomialDecay

from kerascnn.nn.in_turn import InTurn, warmed_up


def rates(schedule, steps):
    return [float(schedule(step)) for step in range(steps)]


def three():
    return InTurn(
        [PolynomialDecay(0.0, 2, 1.0), PolynomialDecay(1.0, 4, 0.0), ExponentialDecay(0.5, 1, 0.5)], lengths=[2, 4]
    )


def test_each_schedule_begins_where_the_one_before_ends():
    assert rates(three(), 9) == pytest.approx([0, 0.5, 1, 0.75, 0.5, 0.25, 0.5, 0.25, 0.125])


def test_a_warm_up_rises_in_a_straight_line_and_ends_at_the_rate():
    assert rates(warmed_up(0.4, 4, ExponentialDecay(0.4, 1, 0.5)), 6) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.2])


def test_no_warm_up_is_the_schedule_itself():
    after = ExponentialDecay(0.4, 1, 0.5)
    assert warmed_up(0.4, 0, after) is after


def test_the_step_may_be_a_variable():
    counted = keras.Variable(3, dtype="int64", trainable=False)
    assert float(three()(counted)) == pytest.approx(0.75)


def test_it_survives_serialisation():
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(three()))
    assert isinstance(again, InTurn)
    assert rates(again, 9) == rates(three(), 9)


def test_all_but_the_last_need_a_length():
    with pytest.raises(ValueError, match="2 schedules need 1 lengths; got 0"):
        InTurn([ExponentialDecay(1.0, 1, 0.5)] * 2, [])
