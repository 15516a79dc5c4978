import keras
import numpy as np
import pytest

from kerascnn.engine.build import build, precision_policy
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.helpers import make, normal, numpy, pictures

MAPS = (4, 5, 6)


def built(shape=MAPS, classes=3, **parameters):
    x = keras.Input(shape, name="P5")
    return keras.Model(x, make("head", "embedding", **parameters).apply({"P5": x}, classes))


def part(model, name):
    return keras.Model(model.input, model.get_layer(name).output)


def test_the_probabilities_are_a_softmax_of_scaled_cosines():
    model, x = built(units=2, scale=3.0), normal(4, *MAPS)
    kernel, bias = normal(6, 2), normal(2, seed=1)
    directions = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, -0.8]], "float32")
    model.set_weights([kernel, bias, directions])
    vector = x.mean((1, 2)) @ kernel + bias
    vector /= np.sqrt((vector**2).sum(1, keepdims=True))
    powers = np.exp(3 * vector @ directions)
    np.testing.assert_allclose(numpy(model(x)), powers / powers.sum(1, keepdims=True), rtol=1e-4)
    np.testing.assert_allclose(numpy(part(model, "embedding")(x)), vector, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(6,), (7, 6), MAPS])
def test_vectors_are_1_long(shape):
    model = part(built(shape, units=16), "embedding")
    np.testing.assert_allclose(np.linalg.norm(numpy(model(50 * normal(5, *shape))), axis=1), 1, rtol=1e-5)


def test_directions_are_1_long_from_the_first_step_on():
    model = built((6,), classes=5, units=8)
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy", jit_compile=False)
    model.train_on_batch(normal(10, 6), np.arange(10) % 5)
    np.testing.assert_allclose(np.linalg.norm(model.get_layer("cosines").get_weights()[0], axis=0), 1, rtol=1e-5)


def test_elements_of_a_class_come_to_lie_together():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 3
    x = (4 * np.eye(3, 6)[classes] + rng.standard_normal((60, 6))).astype("float32")
    model = built((6,), units=4)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy", jit_compile=False)
    model.fit(x, classes, epochs=30, batch_size=20, verbose=0)
    vectors = numpy(part(model, "embedding")(x))
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    assert (classes[likeness.argmax(1)] == classes).mean() >= 0.95


def test_the_fields_of_a_classifier_count_as_well():
    model = built(pooling="flatten", hidden=[7], dropout=0.5, units=3)
    assert model.count_params() == (120 * 7 + 7) + (7 * 3 + 3) + 3 * 3


def test_the_vectors_of_a_whole_model_are_taken_as_the_documentation_says():
    spec = make_spec({"type": "digits"}, head={"type": "embedding", "units": 5}, preprocess={"normalize": "caffe"})
    model = build(spec, DataInfo.of((8, 8, 3), 3)).model
    head = model.get_layer("head")
    to_vector = keras.Model(head.input, head.get_layer("embedding").output)
    features = model.get_layer("backbone")(model.operations[-3].output)
    vectors = keras.Model(model.input, to_vector({name: features[name] for name in head.input}))
    images = pictures(4, 8, 8, 3)
    found = numpy(vectors(images, training=False))
    assert found.shape == (4, 5)
    powers = np.exp(16 * found @ head.get_layer("cosines").get_weights()[0])
    expected = numpy(model(images, training=False))
    np.testing.assert_allclose(powers / powers.sum(1, keepdims=True), expected, rtol=1e-3)


def test_vectors_and_answers_are_float32_in_mixed_precision():
    with precision_policy("mixed_bfloat16"):
        model = built(hidden=[4])
    assert model.get_layer("hidden1").compute_dtype == "bfloat16"
    assert numpy(model(normal(3, *MAPS))).dtype == np.float32
    assert numpy(part(model, "embedding")(normal(3, *MAPS))).dtype == np.float32
