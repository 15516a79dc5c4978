import keras
import numpy as np
import pytest
from pydantic import ValidationError

from tests.helpers import layer, model_of, normal, numpy, run
from tests.oracles import adapt, correlate, correlate_channels, pool, spread


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"padding": "valid"},
        {"padding": "causal", "kernel_size": 4},
        {"kernel_size": 1},
        {"kernel_size": 8},
        {"kernel_size": 5, "strides": 2},
        {"kernel_size": 3, "strides": 3, "padding": "valid"},
        {"dilation_rate": 2},
        {"dilation_rate": 3, "padding": "causal"},
    ],
    ids=str,
)
def test_conv1d_is_the_textbook_cross_correlation(parameters):
    conv = layer("conv1d", filters=4, **parameters)
    x, kernel, bias = normal(2, 11, 3), normal(conv.kernel_size, 3, 4, seed=1), normal(4, seed=2)
    wanted = correlate(x, kernel, (conv.strides,), (conv.dilation_rate,), conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


def test_a_causal_convolution_sees_nothing_that_comes_later():
    conv = layer("conv1d", filters=2, kernel_size=3, dilation_rate=2, padding="causal")
    model, x = model_of(conv, (9, 1)), normal(1, 9, 1)
    later = x.copy()
    later[:, 5:] = 100
    np.testing.assert_array_equal(numpy(model(x))[:, :5], numpy(model(later))[:, :5])


def test_conv1d_in_groups_convolves_each_group_of_channels_apart():
    x, kernel = normal(2, 6, 4), normal(3, 2, 6, seed=1)
    found = run(layer("conv1d", filters=6, groups=2, use_bias=False), x, [kernel])
    wanted = correlate(x, kernel, padding="same", groups=2)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_activation_is_applied_to_the_result():
    x, kernel = normal(2, 6, 2), normal(3, 2, 3, seed=1)
    found = run(layer("conv1d", filters=3, use_bias=False, activation="relu"), x, [kernel])
    np.testing.assert_allclose(found, np.maximum(correlate(x, kernel, padding="same"), 0), rtol=1e-4, atol=1e-5)


def test_separable_conv1d_convolves_channels_apart_and_then_mixes_them():
    x, deep, mixing, bias = normal(2, 7, 3), normal(3, 3, 1, seed=1), normal(1, 3, 5, seed=2), normal(5, seed=3)
    wanted = correlate_channels(x, deep, padding="same") @ mixing[0] + bias
    found = run(layer("separable_conv1d", filters=5), x, [deep, mixing, bias])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("parameters", [{}, {"strides": 3}, {"padding": "valid"}, {"kernel_size": 5}], ids=str)
def test_depthwise_conv1d_convolves_each_channel_on_its_own(parameters):
    conv = layer("depthwise_conv1d", depth_multiplier=2, **parameters)
    x, kernel, bias = normal(2, 10, 3), normal(conv.kernel_size, 3, 2, seed=1), normal(6, seed=2)
    wanted = correlate_channels(x, kernel, (conv.strides,), None, conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("parameters", [{}, {"kernel_size": 5}, {"strides": 4}, {"padding": "valid"}], ids=str)
def test_conv1d_transpose_writes_its_kernel_for_every_number(parameters):
    conv = layer("conv1d_transpose", filters=2, **parameters)
    x, kernel, bias = normal(2, 5, 3), normal(conv.kernel_size, 2, 3, seed=1), normal(2, seed=2)
    wanted = spread(x, kernel, (conv.strides,), conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "how"), [("max_pooling1d", np.max), ("average_pooling1d", np.mean)])
@pytest.mark.parametrize(("size", "strides"), [(2, None), (3, 1), (3, 2), (7, None)])
def test_pooling_takes_each_window(name, how, size, strides):
    x = normal(2, 7, 3)
    wanted = pool(x, (size,), (strides,) if strides else None, how=how)
    found = run(layer(name, pool_size=size, strides=strides), x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "how"), [("adaptive_max_pooling1d", np.max), ("adaptive_average_pooling1d", np.mean)])
def test_adaptive_pooling1d_covers_any_sequence_with_so_many_windows(name, how):
    x = normal(2, 10, 3)
    np.testing.assert_allclose(run(layer(name, output_size=4), x), adapt(x, (4,), how), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["max_pooling1d", "average_pooling1d"])
def test_same_padding_keeps_what_does_not_fill_a_window_and_counts_no_padding(name):
    x = np.arange(-5.0, 0.0, dtype="float32").reshape(1, 5, 1)
    found = run(layer(name, padding="same"), x).ravel().tolist()
    assert found == ([-4, -2, -1] if name == "max_pooling1d" else [-4.5, -2.5, -1])


@pytest.mark.parametrize(("name", "pool"), [("global_max_pooling1d", np.max), ("global_average_pooling1d", np.mean)])
def test_global_pooling_makes_a_row_of_each_sequence(name, pool):
    x = normal(3, 8, 5)
    np.testing.assert_allclose(run(layer(name), x), pool(x, axis=1), rtol=1e-5, atol=1e-6)


def test_spatial_dropout1d_drops_whole_channels_and_scales_the_others():
    x = np.ones((50, 9, 40), "float32")
    found = run(layer("spatial_dropout1d", rate=0.25), x, training=True)
    np.testing.assert_array_equal(found, found[:, :1].repeat(9, axis=1))
    assert set(np.unique(found).round(4)) == {0.0, np.float32(1.3333)}
    # Four standard errors of 2,000 channels.
    assert abs((found[:, 0] == 0).mean() - 0.25) < 0.04
    np.testing.assert_array_equal(run(layer("spatial_dropout1d", rate=0.25), x), x)


def test_channels_stand_last_whatever_keras_is_set_to():
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        assert model_of(layer("conv1d", filters=7), (10, 3)).output_shape == (None, 10, 7)
        assert model_of(layer("max_pooling1d"), (10, 3)).output_shape == (None, 5, 3)
        assert model_of(layer("global_max_pooling1d"), (10, 3)).output_shape == (None, 3)
    finally:
        keras.config.set_image_data_format(before)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("conv1d", {"filters": 0}),
        ("conv1d", {"filters": 4, "kernel_size": [3, 3]}),
        ("conv1d", {"filters": 4, "padding": "full"}),
        ("separable_conv1d", {"filters": 4, "padding": "causal"}),
        ("max_pooling1d", {"pool_size": 0}),
        ("spatial_dropout1d", {"rate": 1.0}),
    ],
    ids=str,
)
def test_parameters_that_mean_nothing_are_refused(name, wrong):
    with pytest.raises(ValidationError):
        layer(name, **wrong)
