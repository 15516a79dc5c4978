import keras
import pytest

from kerascnn.spec import Pretrained
from tests.backbones.zoo import assert_fits_its_builder, assert_same_outputs, parameters, strides_of
from tests.helpers import make


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"version": 1}, 4_253_864),
        ({"version": 1, "width": 0.5}, 1_342_536),
        ({"version": 2}, 3_538_984),
        ({"version": 2, "width": 1.4}, 6_156_712),
        ({"version": 2, "width": 0.35}, 1_691_208),
    ],
)
def test_the_parameters_are_those_of_keras(fields, count):
    assert parameters({"type": "mobilenet", **fields}, all_weights=True) == count


@pytest.mark.parametrize("side", [75, pytest.param(64, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("version", "builder"), [(1, "MobileNet"), (2, "MobileNetV2")])
def test_with_keras_s_weights_the_outputs_are_keras_s(version, builder, side):
    theirs = getattr(keras.applications, builder)(weights=None, include_top=False, input_shape=(side, side, 3))
    assert_same_outputs(theirs, {"type": "mobilenet", "version": version}, (side, side, 3))


@pytest.mark.parametrize("version", [1, 2])
def test_features_stand_at_their_strides(version):
    assert strides_of({"type": "mobilenet", "version": version}) == {f"P{i}": (2**i, 2**i) for i in range(1, 6)}


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"version": 1}, Pretrained("MobileNet", "symmetric")),
        ({"version": 2}, Pretrained("MobileNetV2", "symmetric")),
        ({"version": 1, "width": 0.25}, Pretrained("MobileNet", "symmetric", {"alpha": 0.25})),
        ({"version": 2, "width": 1.4}, Pretrained("MobileNetV2", "symmetric", {"alpha": 1.4})),
        ({"version": 1, "width": 0.35}, None),
        ({"version": 2, "width": 0.25}, None),
        ({"version": 2, "width": 0.6}, None),
    ],
)
def test_published_weights_fit_at_the_widths_that_keras_publishes(fields, wanted):
    assert make("backbone", "mobilenet", **fields).pretrained() == wanted


@pytest.mark.parametrize(
    ("version", "width"), [(1, 0.25), (1, 0.5), (1, 0.75), (2, 0.35), (2, 0.5), (2, 0.75), (2, 1.3), (2, 1.4)]
)
def test_at_another_width_the_weights_are_those_of_the_builder_in_its_order(version, width):
    assert_fits_its_builder({"type": "mobilenet", "version": version, "width": width})
