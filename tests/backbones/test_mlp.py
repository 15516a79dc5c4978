import keras
import numpy as np
import pytest

from kerascnn import train
from kerascnn.errors import SpecError
from tests.backbones.zoo import parameters
from tests.engine.made import make_spec
from tests.helpers import make, normal, numpy


def by_hand(inputs, hidden, batch_norm, classes):
    """Return the weights that are trained: a bias for each unit, or a scale and an offset."""
    total = 0
    for units in hidden:
        total += inputs * units + (2 * units if batch_norm else units)
        inputs = units
    return total + inputs * classes + classes


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize(("shape", "hidden"), [((28, 28, 1), [128]), ((32, 32, 3), [512, 256]), ((5, 4, 3), [7, 6, 5])])
def test_the_parameters_are_those_of_the_formula(shape, hidden, batch_norm):
    backbone = {"type": "mlp", "hidden": hidden, "batch_norm": batch_norm}
    count = by_hand(shape[0] * shape[1] * shape[2], hidden, batch_norm, 10)
    assert parameters(backbone, shape=shape, classes=10) == count


def test_one_layer_of_128_units_on_28_by_28_has_101770_parameters():
    # 784 x 128 + 128 + 128 x 10 + 10
    assert parameters({"type": "mlp", "hidden": [128]}, shape=(28, 28, 1), classes=10) == 101_770


def test_it_gives_one_row_of_numbers():
    features = make("backbone", "mlp", hidden=[6, 4]).apply(keras.Input((8, 8, 3)))
    assert {name: y.shape for name, y in features.items()} == {"out": (None, 4)}


def test_it_computes_dense_layers_of_the_flattened_picture():
    x = keras.Input((2, 3, 1))
    model = keras.Model(x, make("backbone", "mlp", hidden=[4, 2]).apply(x))
    first, bias, second, last = weights = [normal(*v.shape, seed=i) for i, v in enumerate(model.get_weights())]
    model.set_weights(weights)
    pictures = normal(5, 2, 3, 1, seed=9)
    expected = np.maximum(np.maximum(pictures.reshape(5, 6) @ first + bias, 0) @ second + last, 0)
    np.testing.assert_allclose(numpy(model(pictures)["out"]), expected, rtol=1e-5, atol=1e-5)


def test_dropout_and_normalisation_stand_where_they_are_documented():
    x = keras.Input((8, 8, 3))
    model = keras.Model(
        x, make("backbone", "mlp", hidden=[4], batch_norm=True, dropout=0.1, activation="tanh").apply(x)
    )
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", "Flatten", "Dense", "BatchNormalization", "Activation", "Dropout"]
    assert not model.layers[2].use_bias
    assert model.layers[4].activation.__name__ == "tanh"


@pytest.mark.parametrize("hidden", [[], [0]])
def test_a_network_without_units_is_an_error(hidden):
    with pytest.raises(SpecError, match="hidden"):
        parameters({"type": "mlp", "hidden": hidden})


def test_it_learns_digits(tmp_path):
    spec = make_spec(
        {"type": "digits"},
        backbone={"type": "mlp", "hidden": [64]},
        head={"type": "classifier"},
        data={"split": {"validation": 0.1, "test": 0.2}},
        batch_size=64,
        stages=[{"epochs": 4, "learning_rate": 1e-2, "optimizer": {"type": "adam"}}],
    )
    assert train(spec, tmp_path).evaluate("test")["metrics"]["accuracy"] >= 0.9
