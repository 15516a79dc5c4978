import numpy as np
import pytest

from tests.helpers import layer, model_of
from tests.layers.blocks import NORM, act, assert_same, assert_skips, conv


def test_preactivation_block_normalises_before_it_convolves():
    body = [NORM, act(), conv(6, 3), NORM, act(), conv(6, 3)]
    assert_same(layer("preactivation_block", filters=6), [{"type": "residual", "body": body}])


@pytest.mark.parametrize(("filters", "strides"), [(8, 1), (6, 2)])
def test_where_the_shape_changes_the_first_activation_is_convolved_in_place_of_the_input(filters, strides):
    block = layer("preactivation_block", filters=filters, strides=strides, activation="silu")
    body = [conv(filters, 3, strides=strides), NORM, act("silu"), conv(filters, 3)]
    joined = {"type": "residual", "body": body, "shortcut": [conv(filters, strides=strides)]}
    assert_same(block, [NORM, act("silu"), joined])


def test_nothing_stands_on_the_way_round():
    model = model_of(layer("preactivation_block", filters=3), (4, 4, 3))
    model.set_weights([np.zeros(weight.shape) for weight in model.weights])
    x = np.full((1, 4, 4, 3), -2.0, "float32")
    np.testing.assert_array_equal(model(x), x)


def test_elements_may_skip_it_in_training():
    assert_skips(layer("preactivation_block", filters=3, stochastic_depth=0.5))
