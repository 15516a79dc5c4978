import keras
import numpy as np
import pytest

from kerascnn.engine.build import build_model
from kerascnn.spec import DataInfo, spec_from_dict
from tests.helpers import make


def spec(**backbone):
    return spec_from_dict(
        {
            "kerascnn": 1,
            "name": "lenet",
            "task": {"type": "image_classification"},
            "data": {"source": {"type": "digits"}},
            "model": {"backbone": {"type": "lenet", **backbone}, "head": {"type": "classifier"}},
        }
    )


def test_lenet_has_61706_parameters_with_10_classes_on_28_by_28():
    # C1 6 x (25 + 1), C3 16 x (6 x 25 + 1), C5 120 x (400 + 1), F6 84 x (120 + 1), output 10 x (84 + 1).
    assert 6 * 26 + 16 * 151 + 120 * 401 + 84 * 121 + 10 * 85 == 61_706
    assert build_model(spec(), DataInfo.of((28, 28, 1), 10)).count_params() == 61_706


def test_lenet_on_the_papers_32_by_32_has_as_many():
    assert build_model(spec(padding="valid"), DataInfo.of((32, 32, 1), 10)).count_params() == 61_706


def test_lenet_gives_the_maps_of_s4_and_the_features_of_f6():
    features = make("backbone", "lenet").apply(keras.Input((28, 28, 1)))
    assert {name: y.shape[1:] for name, y in features.items()} == {"P2": (5, 5, 16), "out": (84,)}


@pytest.mark.parametrize(("padding", "smallest"), [("same", 12), ("valid", 16)])
def test_lenet_takes_any_size_from_the_documented_one_on(padding, smallest):
    backbone = make("backbone", "lenet", padding=padding)
    assert backbone.apply(keras.Input((smallest, smallest, 1)))["P2"].shape == (None, 1, 1, 16)
    with pytest.raises(ValueError, match="zero or negative"):
        backbone.apply(keras.Input((smallest - 1, smallest - 1, 1)))


@pytest.mark.parametrize(("pooling", "cls"), [("average", "AveragePooling2D"), ("max", "MaxPooling2D")])
def test_lenet_pools_and_squashes_as_it_is_told(pooling, cls):
    x = keras.Input((28, 28, 1))
    model = keras.Model(x, make("backbone", "lenet", pooling=pooling, activation="relu").apply(x))
    assert [type(model.get_layer(name)).__name__ for name in ("s2", "s4")] == [cls, cls]
    functions = {model.get_layer(name).activation.__name__ for name in ("c1", "c3", "c5", "f6")}
    assert functions == {"relu"}


def test_lenets_tanh_answers_stay_between_minus_1_and_1():
    x = keras.Input((28, 28, 1))
    model = keras.Model(x, make("backbone", "lenet").apply(x))
    out = keras.ops.convert_to_numpy(model(1000 * np.ones((1, 28, 28, 1)), training=False)["out"])
    assert np.abs(out).max() <= 1
