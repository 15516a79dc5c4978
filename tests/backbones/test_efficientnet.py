import keras
import pytest

from kerascnn.spec import Pretrained
from tests.backbones.zoo import assert_same_outputs, parameters, strides_of
from tests.helpers import make

# Keras's totals. Seven of each are those of its own normalisation of pictures, which is no part of the backbone: a mean
# and a variance for each channel, and a count.
TOTALS = {
    "b0": 5_330_571,
    "b1": 7_856_239,
    "b2": 9_177_569,
    "b3": 12_320_535,
    "b4": 19_466_823,
    "b5": 30_562_527,
    "b6": 43_265_143,
    "b7": 66_658_687,
}
# What torchvision's have, whose statistics of batch normalisation do not count.
TRAINED = {"b0": 5_288_548, "b7": 66_347_960}
LARGE = ("b2", "b3", "b4", "b5", "b6", "b7")


def variants(table):
    return [pytest.param(v, marks=[pytest.mark.slow] if v in LARGE else [], id=v) for v in table]


@pytest.mark.parametrize("variant", variants(TOTALS))
def test_the_parameters_are_those_of_keras(variant):
    assert parameters({"type": "efficientnet", "variant": variant}, all_weights=True) == TOTALS[variant] - 7


@pytest.mark.parametrize("variant", variants(TRAINED))
def test_those_trained_are_torchvision_s(variant):
    assert parameters({"type": "efficientnet", "variant": variant}) == TRAINED[variant]


@pytest.mark.parametrize(
    ("variant", "side"), [("b0", 75), *(pytest.param(v, 64, marks=pytest.mark.slow) for v in ("b0", "b2"))]
)
def test_with_keras_s_weights_the_outputs_are_keras_s(variant, side):
    builder = getattr(keras.applications, f"EfficientNet{variant.upper()}")
    whole = builder(weights=None, include_top=False, input_shape=(side, side, 3))
    # From behind its own scaling of pictures on: an input, a rescaling and a normalisation.
    theirs = keras.Model(whole.layers[2].output, whole.output)
    assert len(whole.weights) == len(theirs.weights) + 3
    assert_same_outputs(theirs, {"type": "efficientnet", "variant": variant}, (side, side, 3))


def test_features_stand_at_their_strides():
    assert strides_of({"type": "efficientnet"}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}


def test_the_features_of_b0_have_the_channels_of_the_paper():
    features = make("backbone", "efficientnet").apply(keras.Input((32, 32, 3)))
    assert [y.shape[-1] for y in features.values()] == [16, 24, 40, 112, 1280]


def rates(**fields):
    x = keras.Input((32, 32, 3))
    model = keras.Model(x, make("backbone", "efficientnet", **fields).apply(x))
    return [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]


def test_stochastic_depth_grows_linearly():
    # Of the 16 blocks of B0, those that are not the first of their stage have shortcuts.
    assert rates() == pytest.approx([0.2 * number / 16 for number in (2, 4, 6, 7, 9, 10, 12, 13, 14)])


def test_without_drop_connect_no_block_is_left_out():
    assert rates(drop_connect=0.0) == []


@pytest.mark.parametrize("variant", TOTALS)
def test_every_variant_has_published_weights(variant):
    found = make("backbone", "efficientnet", variant=variant).pretrained()
    assert found == Pretrained(f"EfficientNet{variant.upper()}", "torch")
    assert hasattr(keras.applications, found.builder)
