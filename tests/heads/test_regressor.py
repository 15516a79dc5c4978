import keras
import numpy as np
import pytest

from kerascnn.engine.build import precision_policy
from tests.helpers import make, normal, numpy


def built(shape, outputs=2, **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("head", "regressor", **parameters).apply({"out": x}, outputs))


@pytest.mark.parametrize("shape", [(6,), (7, 6), (4, 5, 6)])
def test_numbers_are_a_linear_function_of_the_pooled_features(shape):
    model, x = built(shape), 10 * normal(3, *shape)
    kernel, bias = normal(6, 2, seed=1), normal(2, seed=2)
    model.set_weights([kernel, bias])
    pooled = x.reshape(3, -1, 6).mean(1)
    np.testing.assert_allclose(numpy(model(x, training=False)), pooled @ kernel + bias, rtol=1e-4, atol=1e-4)


def test_numbers_have_no_bounds():
    model = built((1,), 1)
    model.set_weights([np.array([[1000.0]], "float32"), np.zeros(1, "float32")])
    assert numpy(model(np.array([[-5.0], [7.0]], "float32"))).ravel().tolist() == [-5000, 7000]


def test_hidden_layers_and_dropout_are_those_of_every_pooling_head():
    model = built((6,), hidden=[8], dropout=0.1)
    assert [layer.name for layer in model.layers][1:] == ["dropout1", "hidden1", "dropout", "values"]
    assert model.count_params() == (6 * 8 + 8) + (8 * 2 + 2)


def test_numbers_are_float32_in_mixed_precision():
    with precision_policy("mixed_bfloat16"):
        model = built((6,), hidden=[4])
    found = numpy(model(normal(3, 6), training=False))
    assert found.dtype == np.float32
