import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import convolve2d

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, normal, run
from tests.oracles import adapt, convolve, correlate, correlate_channels, pool, spread


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"padding": "valid"},
        {"kernel_size": 1},
        {"kernel_size": [2, 3], "strides": [2, 1]},
        {"kernel_size": 5, "strides": 2},
        {"kernel_size": 3, "strides": 3, "padding": "valid"},
        {"dilation_rate": 2, "padding": "valid"},
        {"dilation_rate": [1, 2]},
    ],
    ids=str,
)
def test_conv2d_is_the_textbook_cross_correlation(parameters):
    conv = layer("conv2d", filters=4, **parameters)
    x, kernel, bias = normal(2, 7, 8, 3), normal(*conv.kernel_size, 3, 4, seed=1), normal(4, seed=2)
    wanted = correlate(x, kernel, conv.strides, conv.dilation_rate, conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("parameters", [{"groups": 2}, {"groups": 2, "strides": 2, "padding": "valid"}], ids=str)
def test_conv2d_in_groups_convolves_each_group_of_channels_apart(parameters):
    conv = layer("conv2d", filters=6, use_bias=False, **parameters)
    x, kernel = normal(2, 6, 7, 4), normal(3, 3, 2, 6, seed=1)
    wanted = correlate(x, kernel, conv.strides, None, conv.padding, groups=2)
    np.testing.assert_allclose(run(conv, x, [kernel]), wanted, rtol=1e-4, atol=1e-5)


def test_conv2d_does_not_turn_its_kernel_as_the_convolution_of_mathematics_does():
    x, kernel = normal(1, 5, 5, 1), normal(3, 3, 1, 1, seed=1)
    turned = kernel[::-1, ::-1]
    found = run(layer("conv2d", filters=1, padding="valid", use_bias=False), x, [kernel])
    np.testing.assert_allclose(found, convolve(x, turned), rtol=1e-4, atol=1e-5)
    assert not np.allclose(found, convolve(x, kernel), atol=0.1)
    exact = convolve2d(x[0, ..., 0], kernel[..., 0, 0], mode="valid")
    np.testing.assert_allclose(convolve(x, kernel)[0, ..., 0], exact, rtol=1e-4, atol=1e-5)


def test_conv2d_applies_its_activation_after_the_bias():
    x = np.ones((1, 1, 1, 1))
    conv = layer("conv2d", filters=2, kernel_size=1, activation="relu")
    assert run(conv, x, [np.full((1, 1, 1, 2), 2.0), np.array([-3.0, 1.0])]).ravel().tolist() == [0.0, 3.0]


@pytest.mark.parametrize(
    "parameters",
    [{}, {"strides": 2}, {"strides": 2, "padding": "valid"}, {"dilation_rate": 2}, {"kernel_size": [1, 5]}],
    ids=str,
)
def test_depthwise_conv2d_convolves_each_channel_on_its_own(parameters):
    conv = layer("depthwise_conv2d", depth_multiplier=2, **parameters)
    x, kernel, bias = normal(2, 7, 8, 3), normal(*conv.kernel_size, 3, 2, seed=1), normal(6, seed=2)
    wanted = correlate_channels(x, kernel, (conv.strides,) * 2, conv.dilation_rate, conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


def test_separable_conv2d_mixes_channels_after_the_depthwise_step():
    x, deep = normal(2, 6, 6, 3), normal(3, 3, 3, 1, seed=1)
    mixing, bias = normal(1, 1, 3, 5, seed=2), normal(5, seed=3)
    between = correlate_channels(x, deep, (2, 2), None, "same")
    found = run(layer("separable_conv2d", filters=5, strides=2), x, [deep, mixing, bias])
    np.testing.assert_allclose(found, between @ mixing[0, 0] + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"kernel_size": 4},
        {"kernel_size": [2, 5], "strides": [1, 2]},
        {"kernel_size": 2, "strides": 3},
        {"padding": "valid"},
        {"kernel_size": 2, "strides": 3, "padding": "valid"},
    ],
    ids=str,
)
def test_conv2d_transpose_writes_its_kernel_for_every_number(parameters):
    conv = layer("conv2d_transpose", filters=2, **parameters)
    x, kernel, bias = normal(2, 3, 4, 3), normal(*conv.kernel_size, 2, 3, seed=1), normal(2, seed=2)
    wanted = spread(x, kernel, conv.strides, conv.padding) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["depthwise_conv2d", "separable_conv2d"])
def test_depthwise_strides_are_one_number(name):
    # TensorFlow refuses two different ones on a GPU, in the middle of training.
    needed = {"filters": 2} if name == "separable_conv2d" else {}
    with pytest.raises(ValidationError, match="strides"):
        layer(name, strides=[1, 2], **needed)


FIVE = np.arange(25.0).reshape(1, 5, 5, 1)


def test_max_pooling2d_takes_the_largest_of_each_window():
    assert run(layer("max_pooling2d"), FIVE)[0, ..., 0].tolist() == [[6, 8], [16, 18]]
    same = [[6, 8, 9], [16, 18, 19], [21, 23, 24]]
    assert run(layer("max_pooling2d", padding="same"), FIVE)[0, ..., 0].tolist() == same
    sliding = run(layer("max_pooling2d", pool_size=[1, 3], strides=1), FIVE)[0, ..., 0]
    assert sliding.tolist() == FIVE[0, :, 2:, 0].tolist()


def test_average_pooling2d_takes_the_mean_of_each_window():
    assert run(layer("average_pooling2d"), FIVE)[0, ..., 0].tolist() == [[3, 5], [13, 15]]
    # What lies outside of the picture does not count.
    same = [[3, 5, 6.5], [13, 15, 16.5], [20.5, 22.5, 24]]
    assert run(layer("average_pooling2d", padding="same"), FIVE)[0, ..., 0].tolist() == same


@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling_is_over_height_and_width(keepdims):
    x = normal(2, 4, 5, 3)
    mean = run(layer("global_average_pooling2d", keepdims=keepdims), x)
    np.testing.assert_allclose(mean, x.mean((1, 2), keepdims=keepdims), rtol=1e-5, atol=1e-6)
    largest = run(layer("global_max_pooling2d", keepdims=keepdims), x)
    np.testing.assert_array_equal(largest, x.max((1, 2), keepdims=keepdims))


@pytest.mark.parametrize(("name", "how"), [("max_pooling2d", np.max), ("average_pooling2d", np.mean)])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"pool_size": [2, 3], "strides": 1},
        {"pool_size": 3, "strides": 2, "padding": "same"},
        {"pool_size": 2, "strides": 3},
    ],
    ids=str,
)
def test_pooling2d_is_that_of_the_textbook(name, how, parameters):
    x, pooling = normal(2, 7, 8, 3), layer(name, **parameters)
    wanted = pool(x, pooling.pool_size, pooling.strides, pooling.padding, how)
    np.testing.assert_allclose(run(pooling, x), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "how"), [("adaptive_max_pooling2d", np.max), ("adaptive_average_pooling2d", np.mean)])
@pytest.mark.parametrize("size", [1, [1, 4], [2, 3], [5, 5], [10, 16]], ids=str)
def test_adaptive_pooling2d_covers_any_picture_with_so_many_windows(name, how, size):
    x, pooling = normal(2, 7, 8, 3), layer(name, output_size=size)
    np.testing.assert_allclose(run(pooling, x), adapt(x, pooling.output_size, how), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "size"), [((7, 8), [1, 3]), ((7, 8), [7, 5]), ((1, 8), [2, 4]), ((7, 1), [3, 1])], ids=str
)
def test_adaptive_pooling_that_keras_gets_wrong_is_refused(shape, size):
    with pytest.raises(BuildError, match="each size has to divide that of the input") as caught:
        compose([layer("adaptive_max_pooling2d", output_size=size)], keras.Input((*shape, 3)), "layers")
    assert caught.value.spec_path == "layers.0"


@pytest.mark.parametrize(
    ("parameters", "shape", "words"),
    [
        ({"type": "conv2d", "filters": 4, "groups": 3}, (8, 8, 3), "groups"),
        ({"type": "conv2d", "filters": 4, "strides": 2, "dilation_rate": 2}, (8, 8, 3), "dilation_rate"),
        ({"type": "conv2d", "filters": 4, "padding": "valid"}, (2, 2, 3), "zero or negative"),
        ({"type": "max_pooling2d"}, (1, 1, 3), "zero or negative"),
        ({"type": "group_norm"}, (4, 4, 8), "groups"),
        ({"type": "conv2d", "filters": 4}, (8,), "ndim"),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_a_layer_that_does_not_fit_is_named_with_its_place(parameters, shape, words):
    name = parameters.pop("type")
    with pytest.raises(BuildError, match=words) as caught:
        compose([layer("activation"), layer(name, **parameters)], keras.Input(shape), "layers")
    assert caught.value.spec_path == "layers.1"
