import keras
import numpy as np
import pytest
from scipy.special import expit

from kerascnn.engine.build import precision_policy
from tests.helpers import make, normal, numpy

MAPS = (4, 5, 6)


def built(shape=MAPS, classes=3, **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("head", "multilabel_classifier", **parameters).apply({"P5": x}, classes))


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        ("avg", lambda x: x.mean((1, 2))),
        ("max", lambda x: x.max((1, 2))),
        ("flatten", lambda x: x.reshape(len(x), -1)),
    ],
)
def test_each_class_has_a_sigmoid_of_the_pooled_features(pooling, pooled):
    model, x = built(pooling=pooling), normal(2, *MAPS)
    kernel, bias = (normal(*w.shape, seed=i) for i, w in enumerate(model.weights, 1))
    model.set_weights([kernel, bias])
    np.testing.assert_allclose(numpy(model(x, training=False)), expit(pooled(x) @ kernel + bias), rtol=1e-4, atol=1e-5)


def test_several_classes_may_be_likely_at_once():
    model = built((6,))
    model.set_weights([np.zeros((6, 3), "float32"), np.array([5.0, 5.0, -5.0], "float32")])
    np.testing.assert_allclose(numpy(model(normal(1, 6)))[0], expit([5, 5, -5]), rtol=1e-5)


def test_hidden_layers_and_dropout_are_those_of_every_pooling_head():
    model = built(hidden=[8, 4], activation="tanh", dropout=0.5)
    assert model.count_params() == (6 * 8 + 8) + (8 * 4 + 4) + (4 * 3 + 3)
    assert [layer.name for layer in model.layers][-5:] == ["dropout2", "hidden2", "dropout", "logits", "probabilities"]


def test_answers_are_float32_in_mixed_precision():
    with precision_policy("mixed_bfloat16"):
        model = built(hidden=[4])
    assert model.get_layer("hidden1").compute_dtype == "bfloat16"
    assert numpy(model(normal(3, *MAPS), training=False)).dtype == np.float32
