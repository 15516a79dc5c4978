import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import erf, expit, softmax

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, model_of, normal, numpy, run


def margins(size, kernel, stride, dilation, padding):
    """Return the zeros before and after an axis: those of TensorFlow's and JAX's padding "SAME"."""
    if padding == "valid":
        return 0, 0
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def correlate(x, kernel, strides=(1, 1), dilation=(1, 1), padding="valid"):
    """Return the textbook cross-correlation, one output number at a time."""
    kh, kw, _, filters = kernel.shape
    edges = [margins(x.shape[a + 1], kernel.shape[a], strides[a], dilation[a], padding) for a in (0, 1)]
    x = np.pad(x.astype("float64"), ((0, 0), *edges, (0, 0)))
    height = (x.shape[1] - (kh - 1) * dilation[0] - 1) // strides[0] + 1
    width = (x.shape[2] - (kw - 1) * dilation[1] - 1) // strides[1] + 1
    y = np.zeros((len(x), height, width, filters))
    for i in range(height):
        for j in range(width):
            top, left = i * strides[0], j * strides[1]
            rows = slice(top, top + (kh - 1) * dilation[0] + 1, dilation[0])
            columns = slice(left, left + (kw - 1) * dilation[1] + 1, dilation[1])
            y[:, i, j] = np.einsum("nhwc,hwcf->nf", x[:, rows, columns], kernel)
    return y


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


def test_conv2d_in_groups_convolves_each_group_of_channels_apart():
    x, kernel = normal(2, 6, 6, 4), normal(3, 3, 2, 6, seed=1)
    conv = layer("conv2d", filters=6, groups=2, use_bias=False)
    halves = [
        correlate(x[..., :2], kernel[..., :3], padding="same"),
        correlate(x[..., 2:], kernel[..., 3:], padding="same"),
    ]
    np.testing.assert_allclose(run(conv, x, [kernel]), np.concatenate(halves, -1), rtol=1e-4, atol=1e-5)


def test_conv2d_applies_its_activation_after_the_bias():
    x = np.ones((1, 1, 1, 1))
    conv = layer("conv2d", filters=2, kernel_size=1, activation="relu")
    assert run(conv, x, [np.full((1, 1, 1, 2), 2.0), np.array([-3.0, 1.0])]).ravel().tolist() == [0.0, 3.0]


@pytest.mark.parametrize(("padding", "stride"), [("same", 1), ("same", 2), ("valid", 2)])
def test_depthwise_conv2d_convolves_each_channel_on_its_own(padding, stride):
    x, kernel, bias = normal(2, 7, 7, 3), normal(3, 3, 3, 2, seed=1), normal(6, seed=2)
    conv = layer("depthwise_conv2d", padding=padding, strides=stride, depth_multiplier=2)
    # The kernels of one input channel stand beside each other in the output.
    channels = [
        correlate(x[..., c : c + 1], kernel[:, :, c : c + 1], (stride, stride), padding=padding) for c in range(3)
    ]
    wanted = np.concatenate(channels, -1) + bias
    np.testing.assert_allclose(run(conv, x, [kernel, bias]), wanted, rtol=1e-4, atol=1e-5)


def test_separable_conv2d_mixes_channels_after_the_depthwise_step():
    x, depth, mix, bias = (
        normal(2, 6, 6, 3),
        normal(3, 3, 3, 1, seed=1),
        normal(1, 1, 3, 5, seed=2),
        normal(5, seed=3),
    )
    conv = layer("separable_conv2d", filters=5, strides=2)
    between = np.concatenate(
        [correlate(x[..., c : c + 1], depth[:, :, c : c + 1], (2, 2), padding="same") for c in range(3)], -1
    )
    np.testing.assert_allclose(run(conv, x, [depth, mix, bias]), between @ mix[0, 0] + bias, rtol=1e-4, atol=1e-5)


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


def test_zero_padding2d_pads_height_then_width():
    x = normal(1, 2, 3, 2)
    np.testing.assert_array_equal(
        run(layer("zero_padding2d", padding=[1, 2]), x), np.pad(x, ((0, 0), (1, 1), (2, 2), (0, 0)))
    )


def test_upsampling2d_repeats_or_interpolates():
    x = normal(1, 2, 3, 2)
    np.testing.assert_array_equal(run(layer("upsampling2d", size=[2, 3]), x), x.repeat(2, axis=1).repeat(3, axis=2))
    ramp = np.array([0.0, 1.0]).reshape(1, 1, 2, 1)
    smooth = run(layer("upsampling2d", interpolation="bilinear"), ramp)[0, 0, :, 0]
    np.testing.assert_allclose(smooth, [0, 0.25, 0.75, 1], atol=1e-6)


def test_flatten_keeps_the_order_of_numpy():
    x = normal(2, 3, 4, 2)
    np.testing.assert_array_equal(run(layer("flatten"), x), x.reshape(2, -1))


def test_dense_multiplies_the_last_axis():
    x, kernel, bias = normal(2, 3, 4), normal(4, 5, seed=1), normal(5, seed=2)
    np.testing.assert_allclose(run(layer("dense", units=5), x, [kernel, bias]), x @ kernel + bias, rtol=1e-4, atol=1e-5)
    assert len(model_of(layer("dense", units=5, use_bias=False), (4,)).weights) == 1


def test_batch_norm_infers_with_the_moving_statistics():
    x = normal(2, 3, 3, 2)
    gamma, beta, mean, variance = (
        np.array([2.0, 0.5]),
        np.array([1.0, -1.0]),
        np.array([0.3, -0.2]),
        np.array([4.0, 0.25]),
    )
    wanted = gamma * (x - mean) / np.sqrt(variance + 0.01) + beta
    found = run(layer("batch_norm", epsilon=0.01), x, [gamma, beta, mean, variance])
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_batch_norm_trains_with_the_batch_and_moves_its_statistics():
    x = normal(4, 3, 3, 2)
    model = model_of(layer("batch_norm", momentum=0.9, epsilon=1e-3), (3, 3, 2))
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    found = numpy(model(x, training=True))
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-3, atol=1e-4)
    moving_mean, moving_variance = model.get_weights()[2:]
    np.testing.assert_allclose(moving_mean, 0.1 * mean, rtol=1e-3, atol=1e-6)
    # TensorFlow's fused kernel takes the unbiased variance, 1 / (36 - 1), for the moving one.
    np.testing.assert_allclose(moving_variance, 0.9 + 0.1 * variance, rtol=0.01)


def test_layer_norm_is_over_the_channels_of_each_place():
    x = normal(2, 3, 3, 6)
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    found = run(layer("layer_norm", epsilon=0.01), x)
    np.testing.assert_allclose(found, (x - mean) / np.sqrt(variance + 0.01), rtol=1e-4, atol=1e-5)


def test_group_norm_is_over_groups_of_channels_of_each_element():
    x = normal(2, 3, 3, 6)
    groups = x.reshape(2, 9, 2, 3)
    mean, variance = groups.mean((1, 3), keepdims=True), groups.var((1, 3), keepdims=True)
    wanted = ((groups - mean) / np.sqrt(variance + 0.01)).reshape(x.shape)
    found = run(layer("group_norm", groups=2, epsilon=0.01), x)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
FUNCTIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)),
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2,
    "silu": lambda x: x * expit(x),
    "swish": lambda x: x * expit(x),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "tanh": np.tanh,
    "sigmoid": expit,
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "softmax": lambda x: softmax(x, axis=-1),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_activation_is_the_function_of_that_name(function):
    x = np.linspace(-8, 8, 33).reshape(1, 3, 11)
    found = run(layer("activation", function=function), x)
    np.testing.assert_allclose(found, FUNCTIONS[function](x), rtol=1e-4, atol=1e-5)


def test_every_activation_has_a_known_value():
    names = type(layer("activation")).model_fields["function"].annotation.__args__
    assert sorted(names) == sorted(FUNCTIONS)


def test_dropout_zeroes_numbers_in_training_alone():
    x = np.ones((50, 40), "float32")
    np.testing.assert_array_equal(run(layer("dropout", rate=0.25), x), x)
    keras.utils.set_random_seed(0)
    dropped = run(layer("dropout", rate=0.25), x, training=True)
    assert np.allclose(dropped[dropped > 0], 1 / 0.75)
    # 2,000 numbers: four standard deviations are 0.039.
    assert abs((dropped == 0).mean() - 0.25) < 0.039


def test_spatial_dropout2d_zeroes_whole_channels():
    x = np.ones((10, 3, 3, 20), "float32")
    np.testing.assert_array_equal(run(layer("spatial_dropout2d", rate=0.5), x), x)
    keras.utils.set_random_seed(0)
    dropped = run(layer("spatial_dropout2d", rate=0.5), x, training=True)
    np.testing.assert_array_equal(dropped, np.broadcast_to(dropped[:, :1, :1], x.shape))
    # 200 channels: four standard deviations are 0.14.
    assert abs((dropped[:, 0, 0] == 0).mean() - 0.5) < 0.14


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
