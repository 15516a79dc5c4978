import keras
import pytest

from tests.backbones.zoo import assert_same_outputs, parameters, strides_of

HEAD = {"type": "classifier", "pooling": "flatten", "hidden": [4096, 4096], "dropout": 0.5}


@pytest.mark.parametrize(
    ("depth", "count"), [(11, 132_863_336), (13, 133_047_848), (16, 138_357_544), (19, 143_667_240)]
)
def test_the_parameters_are_those_of_the_paper(depth, count):
    assert parameters({"type": "vgg", "depth": depth}, HEAD) == count


@pytest.mark.parametrize(("depth", "builder"), [(16, "VGG16"), pytest.param(19, "VGG19", marks=pytest.mark.slow)])
def test_with_keras_s_weights_the_outputs_are_keras_s(depth, builder):
    theirs = getattr(keras.applications, builder)(weights=None, include_top=False, input_shape=(64, 64, 3))
    assert_same_outputs(theirs, {"type": "vgg", "depth": depth})


def test_features_stand_at_their_strides():
    assert strides_of({"type": "vgg", "batch_norm": True}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}
