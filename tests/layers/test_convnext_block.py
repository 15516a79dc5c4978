import numpy as np
import pytest
from scipy.special import erf

from tests.helpers import layer, model_of, normal, numpy
from tests.layers.blocks import assert_skips
from tests.oracles import correlate_channels


@pytest.mark.parametrize(("size", "expansion"), [(7, 4), (3, 2)])
def test_convnext_block_is_the_papers(size, expansion):
    x = normal(2, 6, 5, 4)
    model = model_of(layer("convnext_block", kernel_size=size, expansion=expansion), x.shape[1:])
    weights = [normal(*w.shape, seed=i) / 2 for i, w in enumerate(model.weights)]
    model.set_weights(weights)
    deep, deep_bias, gamma, beta, up, up_bias, down, down_bias, scale = weights
    assert (up.shape, scale.shape) == ((4, 4 * expansion), (4,))
    y = correlate_channels(x, deep, padding="same") + deep_bias
    mean, variance = y.mean(-1, keepdims=True), y.var(-1, keepdims=True)
    y = ((y - mean) / np.sqrt(variance + 1e-6) * gamma + beta) @ up + up_bias
    y = (y * (1 + erf(y / np.sqrt(2))) / 2) @ down + down_bias
    np.testing.assert_allclose(numpy(model(x)), x + scale * y, rtol=1e-3, atol=1e-3)


def test_the_factors_of_channels_begin_with_the_layer_scale_and_may_be_left_out():
    with_scale = model_of(layer("convnext_block", layer_scale=0.25), (4, 4, 3))
    np.testing.assert_array_equal(with_scale.get_weights()[-1], [0.25] * 3)
    without = model_of(layer("convnext_block", layer_scale=0), (4, 4, 3))
    without.set_weights(with_scale.get_weights()[:-1])
    x = normal(2, 4, 4, 3)
    np.testing.assert_allclose(numpy(with_scale(x)) - x, 0.25 * (numpy(without(x)) - x), rtol=1e-3, atol=1e-5)


def test_it_has_the_parameters_of_the_paper():
    # ConvNeXt-T's first stage, 96 channels: 49 x 96 + 96, 2 x 96, 96 x 384 + 384, 384 x 96 + 96, 96.
    assert model_of(layer("convnext_block"), (8, 8, 96)).count_params() == 4_800 + 192 + 37_248 + 36_960 + 96


def test_elements_may_skip_it_in_training():
    assert_skips(layer("convnext_block", layer_scale=1.0, stochastic_depth=0.5))
