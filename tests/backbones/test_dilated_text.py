import keras
import numpy as np
import pytest

from tests.helpers import make, normal, numpy


def built(shape=(20, 4), **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "dilated_text", **parameters).apply(x)["out"])


def with_chance(model):
    model.set_weights([w + 0.3 * normal(*w.shape, seed=i) for i, w in enumerate(model.get_weights())])
    return model


def test_the_weights_are_those_of_the_formula():
    # 300 to 128 numbers, four convolutions of 3 places, and the scale and shift of five normalisations.
    count = 300 * 128 + 128 + 4 * (3 * 128 * 128 + 128) + 5 * 2 * 128
    assert built((56, 300)).count_params() == count == 236_928


def test_there_is_a_number_for_each_filter():
    assert built(filters=6).output_shape == (None, 6)
    assert built(filters=6, pooling="avg").output_shape == (None, 6)


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_how_far_a_text_is_padded_changes_nothing(pooling):
    short = with_chance(built((7, 3), filters=5, pooling=pooling))
    long = built((20, 3), filters=5, pooling=pooling)
    long.set_weights(short.get_weights())
    x = normal(4, 7, 3)
    padded = np.concatenate([x, np.zeros((4, 13, 3), "float32")], axis=1)
    np.testing.assert_allclose(numpy(short(x)), numpy(long(padded)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_a_text_of_padding_alone_gives_zeros(pooling):
    model = with_chance(built((6, 3), filters=5, pooling=pooling))
    assert (numpy(model(np.zeros((2, 6, 3), "float32"))) == 0).all()


def test_a_block_sees_twice_as_far_as_the_one_before():
    x = keras.Input((41, 2))
    inner = make("backbone", "dilated_text", filters=8, dilations=[1, 2, 4]).apply(x)["out"]
    model = keras.Model(x, keras.Model(x, inner).get_layer("last_relu").output)
    model = with_chance(model)
    one = normal(1, 41, 2)
    other = one.copy()
    other[0, 20] += 1
    changed = np.flatnonzero(np.abs(numpy(model(one)) - numpy(model(other)))[0].max(-1) > 0)
    # One place, and 1 + 2 + 4 on either side.
    assert (changed.min(), changed.max()) == (20 - 7, 20 + 7)


def test_a_block_is_its_input_and_a_convolution_of_what_is_normalised():
    model = with_chance(built((4, 2), filters=2, kernel_size=2, dilations=[1]))
    weights = {w.path: numpy(w) for w in model.weights}
    project, bias, gamma, beta, kernel, shift, last_gamma, last_beta = weights.values()
    x = normal(1, 4, 2, seed=5)[0]

    def ready(values, scale, offset):
        apart = values - values.mean(-1, keepdims=True)
        return np.maximum(apart / np.sqrt(values.var(-1, keepdims=True) + 1e-3) * scale + offset, 0)

    y = x @ project[0] + bias
    inner = np.pad(ready(y, gamma, beta), ((0, 1), (0, 0)))
    y = y + np.stack([inner[i] @ kernel[0] + inner[i + 1] @ kernel[1] + shift for i in range(4)])
    np.testing.assert_allclose(numpy(model(x[None]))[0], ready(y, last_gamma, last_beta).max(0), rtol=1e-3, atol=1e-4)


def test_dropout_stands_in_front_of_each_convolution():
    kinds = [type(layer).__name__ for layer in built(dropout=0.1, dilations=[1, 2]).layers]
    assert kinds.count("Dropout") == 2
    assert [kinds[i + 1] for i, kind in enumerate(kinds) if kind == "Dropout"] == ["Conv1D", "Conv1D"]
