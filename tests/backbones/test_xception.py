import keras
import pytest

from tests.backbones.zoo import assert_same_outputs, parameters
from tests.helpers import make


def test_the_parameters_are_those_of_keras():
    assert parameters({"type": "xception"}, all_weights=True) == 22_910_480


@pytest.mark.slow
@pytest.mark.parametrize("side", [71, 96])
def test_with_keras_s_weights_the_outputs_are_keras_s(side):
    theirs = keras.applications.Xception(weights=None, include_top=False, input_shape=(side, side, 3))
    assert_same_outputs(theirs, {"type": "xception"}, (side, side, 3))


def test_the_weights_are_in_keras_s_order_beside_all_features_as_well():
    x = keras.Input((71, 71, 3))
    features = make("backbone", "xception").apply(x)
    ordered = [[weight.path for weight in keras.Model(x, outputs).weights] for outputs in (features, features["P5"])]
    assert ordered[0] == ordered[1]


def test_it_names_the_weights_that_keras_publishes():
    found = make("backbone", "xception").pretrained()
    assert (found.builder, found.scale) == ("Xception", "symmetric")


@pytest.mark.parametrize(
    ("side", "sides"), [pytest.param(299, [147, 74, 37, 19, 10], marks=pytest.mark.slow), (71, [33, 17, 9, 5, 3])]
)
def test_the_maps_are_those_of_a_stem_that_does_not_pad(side, sides):
    features = make("backbone", "xception").apply(keras.Input((side, side, 3)))
    assert [y.shape[1:] for y in features.values()] == [
        (n, n, c) for n, c in zip(sides, (64, 128, 256, 728, 2048), strict=True)
    ]


def test_it_takes_smaller_pictures_than_keras_does():
    features = make("backbone", "xception").apply(keras.Input((32, 32, 1)))
    assert features["P5"].shape[1:] == (1, 1, 2048)
