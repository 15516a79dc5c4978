import keras
import pytest

from kerascnn import train
from tests.backbones.zoo import parameters
from tests.engine.made import make_spec
from tests.helpers import make


def by_hand(width):
    """Return the weights with 10 classes: eight convolutions of 3 x 3, two numbers a channel to normalise, the head."""
    pairs = [(3, 1), (1, 2), (2, 2), (2, 2), (2, 4), (4, 8), (8, 8), (8, 8)]
    convolutions = sum(9 * (a if a == 3 else a * width) * b * width for a, b in pairs)
    return convolutions + sum(2 * b * width for _, b in pairs) + 8 * width * 10 + 10


@pytest.mark.parametrize(("width", "count"), [(16, 412_954), (32, 1_646_122), (64, 6_573_130)])
def test_the_parameters_are_those_of_the_formula(width, count):
    # The original of width 64 has 6,573,120: its last layer has no bias.
    assert by_hand(width) == count
    assert parameters({"type": "fast_cnn", "width": width}, shape=(32, 32, 3), classes=10) == count


@pytest.mark.parametrize(
    ("shape", "sides"),
    [((32, 24, 3), [(16, 12), (8, 6), (4, 3)]), ((28, 28, 1), [(14, 14), (7, 7), (3, 3)]), ((8, 8, 1), None)],
)
def test_each_level_halves_height_and_width_and_doubles_channels(shape, sides):
    features = make("backbone", "fast_cnn", width=4).apply(keras.Input(shape))
    sides = sides or [(4, 4), (2, 2), (1, 1)]
    assert {name: y.shape[1:] for name, y in features.items()} == {
        f"P{level}": (*side, 4 * 2**level) for level, side in enumerate(sides, 1)
    }


def test_a_picture_of_less_than_8_pixels_is_an_error():
    with pytest.raises(ValueError, match="zero or negative"):
        make("backbone", "fast_cnn").apply(keras.Input((7, 8, 1)))


def test_shortcuts_go_around_the_first_and_the_third_level():
    x = keras.Input((16, 16, 3))
    model = keras.Model(x, make("backbone", "fast_cnn", width=4).apply(x))
    adds = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Add)]
    assert adds == ["level1_add", "level3_add"]
    assert model.get_layer("level1_add").input[0] is model.get_layer("level1_act").output


def test_pooling_stands_before_normalisation_and_the_activation_is_the_given_one():
    x = keras.Input((16, 16, 3))
    model = keras.Model(x, make("backbone", "fast_cnn", width=4, activation="gelu").apply(x))
    assert model.get_layer("level2_norm").input is model.get_layer("level2_pool").output
    functions = {layer.activation.__name__ for layer in model.layers if isinstance(layer, keras.layers.Activation)}
    assert functions == {"gelu"}


@pytest.mark.slow
def test_it_learns_digits_in_a_few_epochs(tmp_path):
    stage = {"epochs": 5, "learning_rate": 1e-2, "optimizer": {"type": "adam"}, "schedule": {"type": "cosine"}}
    spec = make_spec(
        {"type": "digits"},
        backbone={"type": "fast_cnn", "width": 8},
        head={"type": "classifier", "pooling": "max"},
        data={"split": {"validation": 0.1, "test": 0.2}},
        batch_size=64,
        stages=[stage],
    )
    report = train(spec, tmp_path).evaluate("test")
    assert report["metrics"]["accuracy"] >= 0.95
