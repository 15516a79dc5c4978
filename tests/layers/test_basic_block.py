import pytest

from kerascnn.engine.summary import summarize
from kerascnn.spec import DataInfo
from tests.engine.made import make_spec
from tests.helpers import layer, model_of
from tests.layers.blocks import NORM, act, assert_same, assert_skips, conv

BODY = [conv(6, 3), NORM, act("elu"), conv(6, 3), NORM]


def test_basic_block_is_two_normalised_convolutions_and_the_input():
    block = layer("basic_block", filters=6, activation="elu")
    assert_same(block, [{"type": "residual", "body": BODY}, act("elu")])


@pytest.mark.parametrize(("filters", "strides"), [(8, 1), (6, 2), (8, 3)])
def test_where_the_shape_changes_the_input_is_convolved_as_well(filters, strides):
    body = [conv(filters, 3, strides=strides), NORM, act(), conv(filters, 3), NORM]
    short = [conv(filters, strides=strides), NORM]
    block = layer("basic_block", filters=filters, strides=strides)
    assert_same(block, [{"type": "residual", "body": body, "shortcut": short}, act()])


def test_elements_may_skip_it_in_training():
    assert_skips(layer("basic_block", filters=3, stochastic_depth=0.5))


def test_resnet18_of_basic_blocks_has_the_parameters_of_resnet18():
    stages = [
        {"type": "basic_block", "filters": filters, "strides": 2 if filters > 64 and not i else 1}
        for filters in (64, 128, 256, 512)
        for i in range(2)
    ]
    stem = [conv(64, 7, strides=2), NORM, act(), {"type": "max_pooling2d", "pool_size": 3, "strides": 2}]
    spec = make_spec({"type": "digits"}, backbone={"type": "layers", "layers": [*stem, *stages]})
    # torchvision's resnet18.
    assert summarize(spec, DataInfo.of((64, 64, 3), 1000))["trainable_parameters"] == 11_689_512


def test_odd_sizes_are_rounded_up():
    assert model_of(layer("basic_block", filters=4, strides=2), (9, 7, 3)).output_shape == (None, 5, 4, 4)
