import pytest

from tests.helpers import layer, model_of
from tests.layers.blocks import NORM, act, assert_same, assert_skips, conv, parameters


def chain(filters, inner, strides=1, size=3, function="relu6", widen=True):
    deep = {"type": "depthwise_conv2d", "kernel_size": size, "strides": strides, "use_bias": False}
    first = [conv(inner), NORM, act(function)] if widen else []
    return [*first, deep, NORM, act(function), conv(filters), NORM]


def test_inverted_residual_block_adds_the_input_where_nothing_changes():
    block = layer("inverted_residual_block", filters=6, expansion=2)
    assert_same(block, [{"type": "residual", "body": chain(6, 12)}])


@pytest.mark.parametrize(("filters", "strides", "size"), [(8, 1, 3), (6, 2, 3), (8, 2, 5)])
def test_where_the_shape_changes_nothing_is_added(filters, strides, size):
    block = layer(
        "inverted_residual_block", filters=filters, strides=strides, kernel_size=size, activation="hard_swish"
    )
    assert_same(block, chain(filters, 36, strides, size, "hard_swish"))


def test_an_expansion_of_1_is_left_out():
    block = layer("inverted_residual_block", filters=4, expansion=1)
    assert_same(block, chain(4, 6, widen=False))


def test_it_has_the_parameters_of_the_paper():
    # The second block of MobileNet v2: 24 channels, widened to 144.
    weights = model_of(layer("inverted_residual_block", filters=24), (8, 8, 24)).trainable_weights
    wanted = 24 * 144 + 9 * 144 + 144 * 24 + 2 * (144 + 144 + 24)
    assert parameters(weights) == wanted


def test_elements_may_skip_it_in_training():
    assert_skips(layer("inverted_residual_block", filters=3, stochastic_depth=0.5))
