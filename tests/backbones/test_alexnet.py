import keras
import pytest

from tests.backbones.zoo import parameters
from tests.helpers import make

HEAD = {"type": "classifier", "pooling": "flatten", "hidden": [4096, 4096], "dropout": 0.5}


@pytest.mark.parametrize(("groups", "count"), [(2, 60_965_224), (1, 61_100_840)])
def test_the_parameters_are_those_of_the_papers(groups, count):
    assert parameters({"type": "alexnet", "groups": groups}, HEAD) == count


def test_pictures_of_224_end_as_6_by_6():
    features = make("backbone", "alexnet").apply(keras.Input((224, 224, 3)))
    assert {name: tuple(y.shape[1:]) for name, y in features.items()} == {
        "P3": (27, 27, 96),
        "P4": (13, 13, 256),
        "P5": (6, 6, 256),
    }
