import pytest

from kerascnn.errors import SpecError
from tests.backbones.zoo import parameters, strides_of
from tests.helpers import make

# Channels of conv1, conv2 (both its layers) and the 54 convolutions of the modules.
CHANNELS = 7280


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 6_998_552),
        ({"batch_norm": True}, 6_624_904),
        # A scale and an offset for each channel in the place of a bias.
        ({"batch_norm": True, "large_kernel": 5}, 6_998_552 + CHANNELS),
        ({"large_kernel": 3}, 6_624_904 - CHANNELS),
    ],
)
def test_the_parameters_are_those_of_the_paper_and_of_torchvision(fields, count):
    assert parameters({"type": "googlenet", **fields}) == count


def test_features_stand_at_their_strides():
    assert strides_of({"type": "googlenet"}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}


def test_the_maps_are_those_of_table_1():
    import keras

    features = make("backbone", "googlenet").apply(keras.Input((224, 224, 3)))
    assert [y.shape[1:] for y in features.values()] == [
        (112, 112, 64),
        (56, 56, 192),
        (28, 28, 480),
        (14, 14, 832),
        (7, 7, 1024),
    ]


def test_odd_sizes_are_rounded_up():
    import keras

    features = make("backbone", "googlenet").apply(keras.Input((65, 33, 1)))
    assert [y.shape[1:3] for y in features.values()] == [(33, 17), (17, 9), (9, 5), (5, 3), (3, 2)]


def test_each_module_has_four_branches_side_by_side():
    import keras

    x = keras.Input((32, 32, 3))
    model = keras.Model(x, make("backbone", "googlenet").apply(x))
    names = [f"{number}{letter}" for number, letters in ((3, "ab"), (4, "abcde"), (5, "ab")) for letter in letters]
    for name in names:
        assert len(model.get_layer(f"inception{name}_join").input) == 4
    assert model.get_layer("inception3a_5x5").kernel_size == (5, 5)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)


def test_no_weights_are_published_for_it():
    assert make("backbone", "googlenet").pretrained() is None


def test_another_kernel_is_an_error():
    with pytest.raises(SpecError, match="large_kernel"):
        parameters({"type": "googlenet", "large_kernel": 7})
