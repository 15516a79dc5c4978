import keras
import pytest

from kerascnn.spec import Pretrained
from tests.backbones.zoo import assert_same_outputs, parameters, strides_of
from tests.helpers import make

TOTALS = {
    "b0": 7_200_312,
    "b1": 8_212_124,
    "b2": 10_178_374,
    "b3": 14_467_622,
    "s": 21_612_360,
    "m": 54_431_388,
    "l": 119_027_848,
}
# Torchvision's, whose statistics of batch normalisation do not count.
TRAINED = {"s": 21_458_488, "m": 54_139_356, "l": 118_515_272}


def variants(table):
    return [pytest.param(v, marks=[] if v in ("b0", "b1") else [pytest.mark.slow], id=v) for v in table]


@pytest.mark.parametrize("variant", variants(TOTALS))
def test_the_parameters_are_those_of_keras(variant):
    assert parameters({"type": "efficientnet_v2", "variant": variant}, all_weights=True) == TOTALS[variant]


@pytest.mark.parametrize("variant", variants(TRAINED))
def test_those_trained_are_torchvision_s(variant):
    assert parameters({"type": "efficientnet_v2", "variant": variant}) == TRAINED[variant]


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "side"), [("b0", 75), ("b0", 64), ("b3", 64), ("s", 64)])
def test_with_keras_s_weights_the_outputs_are_keras_s(variant, side):
    builder = getattr(keras.applications, f"EfficientNetV2{variant.upper()}")
    theirs = builder(weights=None, include_top=False, include_preprocessing=False, input_shape=(side, side, 3))
    assert_same_outputs(theirs, {"type": "efficientnet_v2", "variant": variant}, (side, side, 3))


def test_features_stand_at_their_strides():
    assert strides_of({"type": "efficientnet_v2", "variant": "b0"}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}


@pytest.mark.slow
def test_the_features_of_s_have_the_channels_of_the_paper():
    features = make("backbone", "efficientnet_v2").apply(keras.Input((32, 32, 3)))
    assert [y.shape[-1] for y in features.values()] == [24, 48, 64, 160, 1280]


def test_the_first_three_stages_are_full_convolutions_without_gates():
    x = keras.Input((32, 32, 3))
    model = keras.Model(x, make("backbone", "efficientnet_v2", variant="b0").apply(x))
    named = {layer.name for layer in model.layers}
    # One, two and two blocks; the first of all is one convolution.
    assert {"block0_conv", "block1_expand", "block4_expand"} <= named
    own = [i for i in range(21) if f"block{i}_depthwise" in named]
    assert own == [i for i in range(21) if f"block{i}_gate_reduce" in named] == list(range(5, 21))
    assert model.get_layer("block4_expand").kernel_size == (3, 3)
    assert model.get_layer("block5_expand").kernel_size == (1, 1)


@pytest.mark.parametrize("variant", TOTALS)
def test_the_scale_of_published_weights_is_keras_s(variant):
    found = make("backbone", "efficientnet_v2", variant=variant).pretrained()
    scale = "torch" if variant in ("b0", "b1", "b2", "b3") else "symmetric_128"
    assert found == Pretrained(f"EfficientNetV2{variant.upper()}", scale)
    assert hasattr(keras.applications, found.builder)
