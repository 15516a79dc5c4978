import keras
import pytest

from kerascnn.backbones.inverted import rounded
from tests.backbones.zoo import assert_same_outputs, parameters, strides_of
from tests.helpers import make

# 4.7, 5.4, 6.1, 8.2 and 13.0 millions in the README of the repository tensorflow/tpu.
TRAINED = {"lite0": 4_652_008, "lite1": 5_416_680, "lite2": 6_092_072, "lite3": 8_197_096, "lite4": 13_006_568}


def built(variant):
    x = keras.Input((32, 32, 3))
    return keras.Model(x, make("backbone", "efficientnet_lite", variant=variant).apply(x))


@pytest.mark.parametrize(
    "variant", ["lite0", *(pytest.param(name, marks=pytest.mark.slow) for name in TRAINED if name != "lite0")]
)
def test_the_parameters_are_those_of_the_readme(variant):
    assert parameters({"type": "efficientnet_lite", "variant": variant}) == TRAINED[variant]


@pytest.mark.parametrize("side", [75, pytest.param(64, marks=pytest.mark.slow)])
def test_lite0_is_keras_s_b0_without_gates_and_with_relu6(side):
    # Keras has no Lite; what its EfficientNets are made by takes other blocks and another activation.
    from keras.src.applications.efficientnet import DEFAULT_BLOCKS_ARGS, EfficientNet

    whole = EfficientNet(
        width_coefficient=1.0,
        depth_coefficient=1.0,
        default_size=224,
        activation="relu6",
        blocks_args=[{**stage, "se_ratio": 0.0} for stage in DEFAULT_BLOCKS_ARGS],
        include_top=False,
        weights=None,
        input_shape=(side, side, 3),
    )
    # From behind its own scaling of pictures on: an input, a rescaling and a normalisation.
    theirs = keras.Model(whole.layers[2].output, whole.output)
    assert_same_outputs(theirs, {"type": "efficientnet_lite"}, (side, side, 3))


def test_features_stand_at_their_strides():
    assert strides_of({"type": "efficientnet_lite"}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}


def test_no_scale_changes_the_stem_and_the_ends():
    model = built("lite4")
    assert model.get_layer("stem_conv").filters == 32
    assert model.get_layer("last_conv").filters == 1280
    # Blocks: 1, then 2, 2, 3, 3 and 4 times 1.8 rounded up, then 1.
    assert sum(layer.name.endswith("_project") for layer in model.layers) == 1 + 4 + 4 + 6 + 6 + 8 + 1
    assert model.get_layer("block1_project").filters == rounded(24 * 1.4) == 32


def test_there_is_neither_gate_nor_swish():
    model = built("lite0")
    assert not [layer.name for layer in model.layers if "gate" in layer.name]
    assert {layer.activation.__name__ for layer in model.layers if layer.name.endswith("_act")} == {"relu6"}


def test_stochastic_depth_grows_linearly():
    rates = [layer.rate for layer in built("lite0").layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == pytest.approx([0.2 * number / 16 for number in (2, 4, 6, 7, 9, 10, 12, 13, 14)])


def test_no_weights_are_published():
    assert make("backbone", "efficientnet_lite").pretrained() is None
