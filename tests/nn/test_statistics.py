"""Statistics of batch normalisation are the means over batches, and everything else is as it was."""

import keras
import numpy as np
import pytest

from kerascnn.nn.statistics import Statistics
from tests.helpers import normal

BATCHES = [normal(6, 3, seed=seed) * (1 + seed) + seed for seed in range(3)]


@pytest.fixture(scope="module")
def model():
    x = keras.Input((3,))
    y = keras.layers.BatchNormalization(momentum=0.9, name="first", epsilon=1e-3)(x)
    y = keras.layers.Dropout(0.5, seed=1)(y)
    y = keras.layers.Dense(2, name="dense", use_bias=False)(keras.layers.BatchNormalization(name="frozen")(x) + 0 * y)
    y = keras.layers.BatchNormalization(momentum=0.5, name="last")(y)
    found = keras.Model(x, y)
    found.get_layer("frozen").trainable = False
    return found


def test_they_are_the_means_of_those_of_the_batches(model):
    statistics = Statistics(model)
    assert len(statistics) == 2
    before = [np.array(v) for v in map(keras.ops.convert_to_numpy, model.variables)]
    with statistics.apart():
        first, last = statistics.compute(lambda number: BATCHES[number], 3)
        statistics.put([first, last])
        np.testing.assert_allclose(model.get_layer("first").moving_mean, first[0], rtol=1e-6)
    np.testing.assert_allclose(first[0], np.mean([batch.mean(0) for batch in BATCHES], 0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(first[1], np.mean([batch.var(0) for batch in BATCHES], 0), rtol=1e-4)
    # The frozen one uses its statistics, mean 0 and variance 1.
    kernel = model.get_layer("dense").get_weights()[0]
    outputs = [batch / np.sqrt(1.001) @ kernel for batch in BATCHES]
    np.testing.assert_allclose(last[0], np.mean([y.mean(0) for y in outputs], 0), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(last[1], np.mean([y.var(0) for y in outputs], 0), rtol=1e-3)
    after = [keras.ops.convert_to_numpy(variable) for variable in model.variables]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)), "a random generator has moved"


def test_a_network_without_any_is_not_computed():
    x = keras.Input((3,))
    assert Statistics(keras.Model(x, keras.layers.Dense(1)(x))).compute(None, 5) == []
