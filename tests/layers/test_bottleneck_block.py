import keras
import pytest

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, model_of
from tests.layers.blocks import NORM, act, assert_same, assert_skips, conv, parameters


def body(filters, inner, strides=1, groups=1):
    first = [conv(inner, strides=strides), NORM, act()]
    return [*first, conv(inner, 3, groups=groups), NORM, act(), conv(filters), NORM]


def test_bottleneck_block_is_three_normalised_convolutions_and_the_input():
    block = layer("bottleneck_block", filters=8, reduction=4)
    assert_same(block, [{"type": "residual", "body": body(8, 2)}, act()], (9, 8, 8))


@pytest.mark.parametrize(("filters", "strides", "groups"), [(16, 1, 1), (8, 2, 1), (16, 2, 4)])
def test_where_the_shape_changes_the_input_is_convolved_as_well(filters, strides, groups):
    block = layer("bottleneck_block", filters=filters, strides=strides, reduction=2, groups=groups)
    short = [conv(filters, strides=strides), NORM]
    chain = [{"type": "residual", "body": body(filters, filters // 2, strides, groups), "shortcut": short}, act()]
    assert_same(block, chain, (9, 8, 8))


def test_it_has_the_parameters_of_the_papers():
    # ResNet-50: 256 x 64 + 9 x 64 x 64 + 64 x 256, and two numbers for each channel of the normalisations.
    weights = model_of(layer("bottleneck_block", filters=256), (8, 8, 256)).trainable_weights
    assert parameters(weights) == 69_632 + 2 * (64 + 64 + 256)
    # ResNeXt-50 (32 x 4d): 256 x 128 + 9 x 4 x 128 + 128 x 256, table 1 of arXiv:1611.05431.
    weights = model_of(layer("bottleneck_block", filters=256, reduction=2, groups=32), (8, 8, 256)).trainable_weights
    assert parameters(weights) == 70_144 + 2 * (128 + 128 + 256)


def test_elements_may_skip_it_in_training():
    assert_skips(layer("bottleneck_block", filters=3, reduction=3, stochastic_depth=0.5))


def test_filters_that_cannot_be_divided_are_named_with_their_place():
    with pytest.raises(BuildError, match="take a multiple of 8") as caught:
        compose([layer("bottleneck_block", filters=12, groups=2)], keras.Input((8, 8, 4)), "layers")
    assert caught.value.spec_path == "layers.0"
