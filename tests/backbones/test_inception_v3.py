import keras
import pytest

from tests.backbones.zoo import assert_same_outputs, parameters
from tests.helpers import make


def test_the_parameters_are_those_of_keras():
    assert parameters({"type": "inception_v3"}, all_weights=True) == 23_851_784


@pytest.mark.slow
@pytest.mark.parametrize("side", [75, 107])
def test_with_keras_s_weights_the_outputs_are_keras_s(side):
    theirs = keras.applications.InceptionV3(weights=None, include_top=False, input_shape=(side, side, 3))
    assert_same_outputs(theirs, {"type": "inception_v3"}, (side, side, 3))


def test_the_weights_are_in_keras_s_order_beside_all_features_as_well():
    x = keras.Input((75, 75, 3))
    features = make("backbone", "inception_v3").apply(x)
    ordered = [[weight.path for weight in keras.Model(x, outputs).weights] for outputs in (features, features["P5"])]
    assert ordered[0] == ordered[1]


def test_it_names_the_weights_that_keras_publishes():
    found = make("backbone", "inception_v3").pretrained()
    assert (found.builder, found.scale) == ("InceptionV3", "symmetric")


@pytest.mark.parametrize(
    ("side", "sides"),
    [
        (299, [147, 71, 35, 17, 8]),
        pytest.param(224, [109, 52, 25, 12, 5], marks=pytest.mark.slow),
        (75, [35, 15, 7, 3, 1]),
    ],
)
def test_the_maps_are_those_of_convolutions_that_do_not_pad(side, sides):
    features = make("backbone", "inception_v3").apply(keras.Input((side, side, 3)))
    assert [y.shape[1:] for y in features.values()] == [
        (n, n, c) for n, c in zip(sides, (64, 192, 288, 768, 2048), strict=True)
    ]


def test_a_picture_of_less_than_75_pixels_is_an_error():
    backbone = make("backbone", "inception_v3")
    with pytest.raises(ValueError, match="zero or negative"):
        backbone.apply(keras.Input((74, 75, 3)))
