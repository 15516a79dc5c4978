"""A schedule under gradient accumulation."""

import keras
import pytest
from keras.optimizers.schedules import ExponentialDecay

from kerascnn.nn.per_update import PerUpdate


def test_the_schedule_goes_on_with_every_third_batch():
    schedule = PerUpdate(ExponentialDecay(1.0, 1, 0.5), 3)
    assert [float(schedule(batch)) for batch in range(8)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_the_number_of_batches_may_be_a_variable():
    counted = keras.Variable(7, dtype="int64", trainable=False)
    assert float(PerUpdate(ExponentialDecay(1.0, 1, 0.5), 4)(counted)) == pytest.approx(0.5)


def test_it_survives_serialisation():
    schedule = PerUpdate(ExponentialDecay(1.0, 1, 0.5), 3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert isinstance(again, PerUpdate)
    assert [float(again(batch)) for batch in (0, 5, 6)] == [1, 0.5, 0.25]
