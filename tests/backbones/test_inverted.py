"""The blocks that MobileNets and EfficientNets are built of."""

import keras
import numpy as np
import pytest

from kerascnn.backbones.inverted import Stage, Style, fused, inverted, nearest_of_8, rounded, stages

PLAIN = Style("relu6")


def names(model):
    return [layer.name for layer in model.layers[1:]]


@pytest.mark.parametrize(
    ("filters", "wanted"),
    # 11.2 is nearer to 8 than to 16, and 8 is less than nine tenths of it; 17.6 may become 16, 19.2 may not.
    [(3, 8), (8, 8), (11.2, 16), (12, 16), (17.6, 16), (19.2, 24), (44.8, 48), (1408.0, 1408)],
)
def test_channels_are_a_multiple_of_8_and_never_less_than_nine_tenths(filters, wanted):
    assert rounded(filters) == wanted


@pytest.mark.parametrize(("filters", "wanted"), [(3, 8), (11.2, 8), (12, 16), (19.2, 16), (123.2, 120)])
def test_version_2_takes_the_nearest_multiple_of_8(filters, wanted):
    assert nearest_of_8(filters) == wanted


def test_a_block_that_is_no_wider_inside_has_no_expansion():
    x = keras.Input((8, 8, 4))
    plain = keras.Model(x, inverted(x, 6, 4, name="a", style=PLAIN))
    assert names(plain) == ["a_depthwise", "a_depthwise_norm", "a_depthwise_act", "a_project", "a_project_norm"]
    wide = keras.Model(x, inverted(x, 6, 12, name="a", style=PLAIN))
    assert names(wide)[:3] == ["a_expand", "a_expand_norm", "a_expand_act"]


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("filters", [4, 6])
@pytest.mark.parametrize("block", [inverted, fused])
def test_the_shortcut_stands_where_both_ends_have_the_same_shape(block, filters, strides):
    x = keras.Input((8, 6, 4))
    model = keras.Model(x, block(x, filters, 8, name="a", style=PLAIN, strides=strides))
    assert ("a_add" in names(model)) == (filters == 4 and strides == 1)
    assert model.output_shape == (None, 8 // strides, 6 // strides, filters)


def test_a_block_without_weights_to_speak_of_is_its_shortcut():
    x = keras.Input((5, 5, 4))
    model = keras.Model(x, inverted(x, 4, 8, name="a", style=PLAIN, gated=2))
    model.get_layer("a_project_norm").gamma.assign(np.zeros(4))
    pictures = np.random.default_rng(0).normal(size=(2, 5, 5, 4)).astype("float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model(pictures, training=False)), pictures)


def test_stochastic_depth_leaves_a_block_out_for_whole_pictures():
    x = keras.Input((3, 3, 4))
    model = keras.Model(x, fused(x, 4, 4, name="a", style=PLAIN, size=1, drop=0.25))
    # The block adds 3 to every number: a norm of no spread and a mean of 3.
    model.get_layer("a_conv_norm").gamma.assign(np.zeros(4))
    model.get_layer("a_conv_norm").beta.assign(np.full(4, 3.0))
    keras.utils.set_random_seed(1)
    added = keras.ops.convert_to_numpy(model(np.zeros((4000, 3, 3, 4), "float32"), training=True))
    assert (added == added[:, :1, :1, :1]).all()
    # What stays is scaled by 1 / 0.75, so that the mean remains.
    assert set(np.unique(added[:, 0, 0, 0])) == {0.0, 4.0}
    assert added.mean() == pytest.approx(3, abs=0.12)
    quiet = keras.ops.convert_to_numpy(model(np.zeros((2, 3, 3, 4), "float32"), training=False))
    assert (quiet == 3).all()


def test_stages_number_their_blocks_and_drop_more_the_deeper_they_are():
    x = keras.Input((16, 16, 4))
    features = stages(x, [Stage(1, 4, 2, 1), Stage(2, 8, 3, 2, 5, 4, False), Stage(2, 8, 1, 1)], PLAIN, drop=0.6)
    model = keras.Model(x, features)
    rates = {layer.name: layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    # Six blocks; the first has no chance to go, the third has no shortcut.
    assert rates == pytest.approx({"block1_drop": 0.1, "block3_drop": 0.3, "block4_drop": 0.4, "block5_drop": 0.5})
    assert {name: y.shape[1:] for name, y in features.items()} == {"P1": (16, 16, 4), "P2": (8, 8, 8)}
    assert model.get_layer("block3_gate_reduce").filters == 8 // 4
