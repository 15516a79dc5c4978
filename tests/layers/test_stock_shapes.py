import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import erf, expit, softmax

from kerascnn.engine.build import precision_policy
from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, model_of, normal, numpy, run


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


def test_prelu_multiplies_negative_numbers_by_a_factor_for_each_channel():
    x, factors = normal(2, 3, 3, 4), normal(4, seed=1)
    found = run(layer("prelu"), x, [factors.reshape(1, 1, 4)])
    np.testing.assert_allclose(found, np.where(x > 0, x, factors * x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run(layer("prelu"), x), np.where(x > 0, x, x / 4), rtol=1e-5, atol=1e-6)
    assert model_of(layer("prelu"), (5,)).count_params() == 5


def test_cropping2d_takes_rows_and_then_columns_away():
    x = normal(1, 5, 6, 2)
    np.testing.assert_array_equal(run(layer("cropping2d", cropping=[1, 2]), x), x[:, 1:-1, 2:-2])


def test_reshape_keeps_the_order_of_numpy():
    x = normal(2, 4, 3, 6)
    np.testing.assert_array_equal(run(layer("reshape", target_shape=[4, 3, 6, 1]), x), x[..., None])
    np.testing.assert_array_equal(run(layer("reshape", target_shape=[-1, 6]), x), x.reshape(2, 12, 6))


@pytest.mark.parametrize("shape", [[], [0, 3], [-1, -1], [-2, 3], [2.5]], ids=str)
def test_a_reshape_that_means_nothing_is_refused(shape):
    with pytest.raises(ValidationError, match="target_shape"):
        layer("reshape", target_shape=shape)


def test_a_reshape_that_does_not_fit_is_named_with_its_place():
    with pytest.raises(BuildError, match="total size") as caught:
        compose([layer("reshape", target_shape=[3, 3])], keras.Input((8, 8, 1)), "layers")
    assert caught.value.spec_path == "layers.0"


def test_embedding_looks_each_number_up():
    table, codes = normal(5, 3), np.array([[[0], [4], [1.4]], [[-2], [5], [3]]])
    found = run(layer("embedding", input_dim=5, output_dim=3), codes, [table])
    np.testing.assert_array_equal(found, table[[[0, 4, 1], [0, 4, 3]]])


def test_embedding_tells_numbers_apart_in_16_bits():
    with precision_policy("mixed_bfloat16"):
        model = model_of(layer("embedding", input_dim=1000, output_dim=1), (2, 1))
    model.set_weights([(np.arange(1000.0) % 2)[:, None]])
    assert numpy(keras.ops.cast(model(np.array([[[300.0], [301.0]]])), "float32")).ravel().tolist() == [0, 1]


def test_embedding_wants_one_number_at_a_place():
    with pytest.raises(BuildError, match="not 3 channels") as caught:
        compose([layer("embedding", input_dim=5, output_dim=3)], keras.Input((8, 3)), "layers")
    assert caught.value.spec_path == "layers.0"
