import keras
import pytest

from kerascnn.errors import SpecError
from tests.backbones.zoo import parameters
from tests.helpers import make


def by_hand(depth, width):
    """Return the weights with 10 classes: convolutions without bias, two numbers a channel to normalise, the head."""
    blocks = (depth - 4) // 6
    total, before = 9 * 3 * 16, 16
    for filters in (16 * width, 32 * width, 64 * width):
        for _ in range(blocks):
            total += 2 * before + 9 * before * filters + 2 * filters + 9 * filters * filters
            total += before * filters if before != filters else 0
            before = filters
    return total + 2 * before + before * 10 + 10


@pytest.mark.parametrize(
    ("depth", "width", "count"),
    [
        # Table 4 of the paper: 36.5, 8.9, 11.0 and 0.6 million (of depth 40, width 1).
        (28, 10, 36_479_194),
        (40, 4, 8_949_210),
        (16, 8, 10_961_370),
        (40, 1, 563_930),
    ],
)
def test_the_parameters_are_those_of_the_paper(depth, width, count):
    assert by_hand(depth, width) == count
    backbone = {"type": "wide_resnet", "depth": depth, "width": width}
    assert parameters(backbone, shape=(32, 32, 3), classes=10) == count


def test_dropout_has_no_weights_and_stands_in_every_block():
    x = keras.Input((8, 8, 3))
    fields = {"depth": 16, "width": 1, "dropout": 0.3}
    model = keras.Model(x, make("backbone", "wide_resnet", **fields).apply(x))
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in dropouts] == [0.3] * 6
    assert dropouts[0].input is model.get_layer("stage1_block1_act2_relu").output
    assert parameters({"type": "wide_resnet", **fields}, classes=10) == by_hand(16, 1)


def test_features_keep_the_size_then_halve_it_twice():
    features = make("backbone", "wide_resnet", depth=10, width=2).apply(keras.Input((32, 24, 3)))
    assert {name: y.shape[1:] for name, y in features.items()} == {
        "P0": (32, 24, 32),
        "P1": (16, 12, 64),
        "P2": (8, 6, 128),
    }


def test_odd_sizes_are_rounded_up():
    features = make("backbone", "wide_resnet", depth=10, width=1).apply(keras.Input((29, 7, 1)))
    assert [y.shape[1:3] for y in features.values()] == [(29, 7), (15, 4), (8, 2)]


def test_blocks_normalise_before_they_convolve_and_so_does_the_end():
    x = keras.Input((8, 8, 3))
    features = make("backbone", "wide_resnet", depth=10, width=2).apply(x)
    names = [layer.name for layer in keras.Model(x, features["P0"]).layers if "block1" in layer.name]
    assert names[:2] == ["stage1_block1_act1_norm", "stage1_block1_act1_relu"]
    model = keras.Model(x, features)
    assert model.get_layer("last_relu").output is features["P2"]
    assert model.get_layer("stage2_block1_short").input is model.get_layer("stage2_block1_act1_relu").output


@pytest.mark.parametrize(("depth", "near"), [(20, "16 or 22"), (29, "28 or 34")])
def test_a_depth_that_is_not_of_whole_blocks_is_an_error(depth, near):
    with pytest.raises(SpecError, match=rf"6 n \+ 4 for n blocks in each stage, such as {near}"):
        parameters({"type": "wide_resnet", "depth": depth})
