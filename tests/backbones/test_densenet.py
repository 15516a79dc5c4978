import keras
import pytest

from tests.backbones.zoo import assert_same_outputs, parameters, strides_of


@pytest.mark.parametrize(
    ("depth", "count"),
    [
        (121, 8_062_504),
        pytest.param(169, 14_307_880, marks=pytest.mark.slow),
        pytest.param(201, 20_242_984, marks=pytest.mark.slow),
    ],
)
def test_the_parameters_are_those_of_keras(depth, count):
    assert parameters({"type": "densenet", "depth": depth}, all_weights=True) == count


def test_with_keras_s_weights_the_outputs_are_keras_s():
    theirs = keras.applications.DenseNet121(weights=None, include_top=False, input_shape=(64, 64, 3))
    assert_same_outputs(theirs, {"type": "densenet"})


def test_features_stand_at_their_strides():
    assert strides_of({"type": "densenet"}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}
