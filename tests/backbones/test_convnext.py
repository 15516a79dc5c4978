import keras
import numpy as np
import pytest
from pydantic import ValidationError

from kerascnn.spec import Pretrained
from tests.backbones.zoo import chance_weights, parameters, strides_of
from tests.helpers import make, normal, numpy

SMALL = {"channels": 4, "blocks": [1, 1, 2, 1]}


def built(shape=(64, 64, 3), **fields):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "convnext", **fields).apply(x))


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("tiny", 28_589_128),
        pytest.param("small", 50_223_688, marks=pytest.mark.slow),
        pytest.param("base", 88_591_464, marks=pytest.mark.slow),
        pytest.param("large", 197_767_336, marks=pytest.mark.slow),
        pytest.param("xlarge", 350_196_968, marks=pytest.mark.slow),
    ],
)
def test_the_parameters_are_those_of_keras(size, count):
    assert parameters({"type": "convnext", "size": size}) == count
    assert parameters({"type": "convnext", "size": size, "norm": "pooled"}) == count


@pytest.fixture(scope="module")
def weights():
    """Return weights for ConvNeXtTiny, as Keras orders them."""
    theirs = builder(None)
    chance_weights(theirs)
    return theirs.get_weights()


def builder(pooling):
    return keras.applications.ConvNeXtTiny(
        weights=None, include_top=False, include_preprocessing=False, input_shape=(64, 64, 3), pooling=pooling
    )


@pytest.mark.slow
@pytest.mark.parametrize(("norm", "pooling", "feature"), [("maps", None, "P5"), ("pooled", "avg", "out")])
def test_with_keras_s_weights_in_order_the_outputs_are_keras_s(norm, pooling, feature, weights):
    theirs, ours = builder(pooling), built(norm=norm)
    theirs.set_weights(weights)
    places = [weight.shape for weight in ours.weights]
    differ = [(a.shape, b) for a, b in zip(weights, places, strict=True) if a.shape != b]
    assert all(a == (7, 7, 1, b[2]) and b[3] == 1 for a, b in differ), "only kernels of depthwise convolutions"
    ours.set_weights([weight.reshape(shape) for weight, shape in zip(weights, places, strict=True)])
    given = np.random.default_rng(1).uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    expected = numpy(theirs(given, training=False))
    found = numpy(ours(given, training=False)[feature])
    largest = np.abs(expected).max()
    assert np.abs(expected[0] - expected[1]).max() > 1e-2 * largest, "the weights hide the pictures"
    assert np.abs(found - expected).max() <= 1e-4 * largest


def test_features_stand_at_their_strides():
    assert strides_of({"type": "convnext", **SMALL}) == {f"P{i}": (2**i, 2**i) for i in range(2, 6)}


def test_the_deepest_maps_are_normalised():
    found = numpy(built(**SMALL)(normal(2, 64, 64, 3))["P5"])
    np.testing.assert_allclose(found.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(-1), 1, atol=1e-3)


def test_pooled_maps_are_as_they_were_and_their_means_are_normalised():
    found = built(**SMALL, norm="pooled")(normal(2, 64, 64, 3))
    assert list(found) == ["P2", "P3", "P4", "P5", "out"]
    means = numpy(found["P5"]).mean((1, 2))
    expected = (means - means.mean(-1, keepdims=True)) / np.sqrt(means.var(-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(numpy(found["out"]), expected, rtol=1e-3, atol=1e-4)


def test_the_scales_of_the_branches_begin_small():
    scales = [weight for weight in built(**SMALL).weights if "_scale/" in weight.path]
    assert len(scales) == 5
    assert all((numpy(weight) == np.float32(1e-6)).all() for weight in scales)


def test_stochastic_depth_rises_from_0():
    rates = [layer.rate for layer in built(**SMALL, stochastic_depth=0.4).layers if layer.name.endswith("_skip")]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "ConvNeXtTiny"),
        ({"size": "xlarge", "norm": "pooled", "stochastic_depth": 0.5}, "ConvNeXtXLarge"),
        ({"size": "base", "channels": 128, "blocks": [3, 3, 27, 3]}, "ConvNeXtBase"),
    ],
)
def test_the_sizes_of_the_paper_have_published_weights(fields, name):
    assert hasattr(keras.applications, name)
    assert make("backbone", "convnext", **fields).pretrained() == Pretrained(name, "torch")


@pytest.mark.parametrize("fields", [{"channels": 95}, {"blocks": [3, 3, 9, 2]}, {"size": "small", "channels": 128}])
def test_other_networks_have_no_published_weights(fields):
    assert make("backbone", "convnext", **fields).pretrained() is None


@pytest.mark.parametrize("fields", [{"size": "huge"}, {"blocks": [3, 3, 9]}, {"channels": 0}])
def test_what_is_no_network_is_refused(fields):
    with pytest.raises(ValidationError):
        make("backbone", "convnext", **fields)
