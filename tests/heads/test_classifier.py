import keras
import numpy as np
import pytest
from scipy.special import softmax

from kerascnn.engine.build import precision_policy
from tests.helpers import make, normal, numpy

MAPS = (4, 5, 6)


def built(shape=MAPS, classes=3, **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("head", "classifier", **parameters).apply({"P5": x}, classes))


@pytest.mark.parametrize(
    ("pooling", "pooled"),
    [
        ("avg", lambda x: x.mean((1, 2))),
        ("max", lambda x: x.max((1, 2))),
        ("flatten", lambda x: x.reshape(len(x), -1)),
    ],
)
def test_classifier_is_a_softmax_of_pooled_features(pooling, pooled):
    model, x = built(pooling=pooling), normal(2, *MAPS)
    kernel, bias = (normal(*w.shape, seed=i) for i, w in enumerate(model.weights, 1))
    model.set_weights([kernel, bias])
    found = numpy(model(x, training=False))
    np.testing.assert_allclose(found, softmax(pooled(x) @ kernel + bias, axis=-1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(6,), (7, 6), MAPS, (2, 3, 4, 6)])
def test_probabilities_sum_to_1_for_features_of_any_rank(shape):
    found = numpy(built(shape)(10 * normal(5, *shape), training=False))
    assert found.shape == (5, 3)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)


def test_features_that_are_rows_need_no_pooling():
    for pooling in ("avg", "max", "flatten"):
        assert built((6,), pooling=pooling).count_params() == 6 * 3 + 3


def test_hidden_layers_stand_between_features_and_classes():
    model = built(hidden=[8, 4], activation="tanh")
    assert model.count_params() == (6 * 8 + 8) + (8 * 4 + 4) + (4 * 3 + 3)
    assert model.get_layer("hidden2").activation.__name__ == "tanh"


def test_dropout_comes_before_each_dense_layer():
    names = [layer.name for layer in built(hidden=[8], dropout=0.5).layers]
    assert names[-5:] == ["dropout1", "hidden1", "dropout", "logits", "probabilities"]
    assert not any("dropout" in layer.name for layer in built(hidden=[8]).layers)


def test_only_the_deepest_feature_is_looked_at():
    features = {"P2": keras.Input(MAPS), "out": keras.Input((84,))}
    answer = make("head", "classifier").apply(features, 10)
    assert keras.Model(features["out"], answer).count_params() == 84 * 10 + 10


def test_answers_are_float32_in_mixed_precision():
    with precision_policy("mixed_bfloat16"):
        model = built(hidden=[4])
    assert model.get_layer("hidden1").compute_dtype == "bfloat16"
    found = numpy(model(normal(3, *MAPS), training=False))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-6)


def test_the_weights_of_a_class_are_kept_as_short_as_the_norm_asks():
    model = built((6,), max_norm=0.5)
    model.set_weights([np.full((6, 3), 2.0, "float32") * [1, 0.05, 1], np.zeros(3, "float32")])
    kernel = model.get_layer("logits").kernel
    kernel.assign(kernel.constraint(kernel))
    lengths = np.linalg.norm(numpy(kernel), axis=0)
    np.testing.assert_allclose(lengths, [0.5, 0.1 * 6**0.5, 0.5], rtol=1e-5)
    assert built((6,)).get_layer("logits").kernel_constraint is None


def test_a_step_of_training_keeps_the_norm():
    model = built((6,), max_norm=0.3)
    model.compile(keras.optimizers.SGD(10.0), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(normal(8, 6), np.arange(8) % 3, epochs=1, verbose=0)
    assert np.linalg.norm(model.get_layer("logits").get_weights()[0], axis=0).max() <= 0.3 * 1.0001
