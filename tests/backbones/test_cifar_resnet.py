import keras
import numpy as np
import pytest

from kerascnn.errors import SpecError
from tests.backbones.zoo import parameters
from tests.helpers import make, normal, numpy


def by_hand(depth):
    """Return the weights with 10 classes: convolutions without bias, two numbers a channel to normalise, the head."""
    blocks = (depth - 2) // 6
    total, before = 9 * 3 * 16 + 2 * 16, 16
    for filters in (16, 32, 64):
        for _ in range(blocks):
            total += 9 * before * filters + 2 * filters + 9 * filters * filters + 2 * filters
            before = filters
    return total + 64 * 10 + 10


@pytest.mark.parametrize(
    ("depth", "count"), [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)]
)
def test_with_zeros_the_parameters_are_those_of_the_paper(depth, count):
    assert by_hand(depth) == count
    assert parameters({"type": "cifar_resnet", "depth": depth}, shape=(32, 32, 3), classes=10) == count


def test_convolutions_in_shortcuts_add_their_weights():
    # Two 1 x 1 convolutions, 16 to 32 and 32 to 64 channels, each normalised.
    more = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64
    backbone = {"type": "cifar_resnet", "shortcut": "convolution"}
    assert parameters(backbone, shape=(32, 32, 3), classes=10) == 269_722 + more == 272_474


def test_features_keep_the_size_then_halve_it_twice():
    features = make("backbone", "cifar_resnet").apply(keras.Input((32, 24, 3)))
    assert {name: y.shape[1:] for name, y in features.items()} == {
        "P0": (32, 24, 16),
        "P1": (16, 12, 32),
        "P2": (8, 6, 64),
    }


@pytest.mark.parametrize("shortcut", ["zeros", "convolution"])
def test_odd_sizes_are_rounded_up(shortcut):
    features = make("backbone", "cifar_resnet", shortcut=shortcut).apply(keras.Input((29, 7, 1)))
    assert [y.shape[1:3] for y in features.values()] == [(29, 7), (15, 4), (8, 2)]


def test_a_shortcut_of_zeros_takes_every_second_pixel_and_adds_channels_of_zeros():
    x = keras.Input((8, 6, 3))
    model = keras.Model(x, make("backbone", "cifar_resnet").apply(x))
    last, short = model.get_layer("stage1_block3_out").output, model.get_layer("stage2_block1_short_zeros").output
    before, after = map(numpy, keras.Model(x, [last, short])(normal(2, 8, 6, 3), training=False))
    assert before.shape == (2, 8, 6, 16)
    assert after.shape == (2, 4, 3, 32)
    assert np.abs(before).max() > 0
    np.testing.assert_array_equal(after[..., :16], before[:, ::2, ::2])
    np.testing.assert_array_equal(after[..., 16:], 0)


def test_a_block_without_its_convolutions_passes_its_input_on():
    # What a shortcut is for: with scales of zero the stage gives what it got, as it comes from a ReLU.
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, make("backbone", "cifar_resnet").apply(x))
    for layer in model.layers:
        if layer.name.startswith("stage1") and layer.name.endswith("norm2"):
            layer.gamma.assign(0 * layer.gamma)
    stem = keras.Model(x, model.get_layer("stem_relu").output)
    pictures = normal(1, 8, 8, 3)
    np.testing.assert_allclose(
        numpy(model(pictures, training=False)["P0"]), numpy(stem(pictures, training=False)), atol=1e-6
    )


def test_a_depth_that_is_not_in_the_paper_is_an_error():
    with pytest.raises(SpecError, match="20, 32, 44, 56 or 110"):
        parameters({"type": "cifar_resnet", "depth": 50})
