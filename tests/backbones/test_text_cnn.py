import keras
import numpy as np
import pytest

from tests.helpers import make, normal, numpy


def built(shape=(9, 4), **parameters):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "text_cnn", **parameters).apply(x)["out"])


def test_the_convolutions_of_the_paper_have_360300_weights_on_vectors_of_300():
    # 100 filters of 3, 4 and 5 words of 300 numbers, and a bias for each filter.
    assert built((56, 300)).count_params() == 100 * (3 + 4 + 5) * 300 + 300 == 360_300


def test_there_is_a_number_for_each_filter_of_each_width():
    assert built(filters=6, kernel_sizes=[2, 3]).output_shape == (None, 12)
    assert built(filters=6, kernel_sizes=[2]).output_shape == (None, 6)


def test_it_is_the_largest_answer_over_all_places_of_the_filters():
    model = built((5, 2), kernel_sizes=[1, 3], filters=4)
    weights = [normal(*v.shape, seed=i) for i, v in enumerate(model.weights)]
    model.set_weights(weights)
    x = normal(1, 5, 2, seed=9)
    expected = []
    for (kernel, bias), size in zip((weights[:2], weights[2:]), (1, 3), strict=True):
        padded = np.pad(x[0], ((size - 1, size), (0, 0)))
        answers = [np.einsum("kc,kcf->f", padded[i : i + size], kernel) + bias for i in range(len(padded) - size + 1)]
        expected.append(np.maximum(np.max(answers, axis=0), 0))
    np.testing.assert_allclose(numpy(model(x))[0], np.concatenate(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_how_far_a_text_is_padded_changes_nothing(activation):
    short, long = (built((length, 3), filters=5, activation=activation) for length in (7, 20))
    weights = [normal(*v.shape, seed=i) for i, v in enumerate(short.weights)]
    for model in (short, long):
        model.set_weights(weights)
    x = normal(4, 7, 3)
    padded = np.concatenate([x, np.zeros((4, 13, 3), "float32")], axis=1)
    np.testing.assert_allclose(numpy(short(x)), numpy(long(padded)), rtol=1e-5, atol=1e-6)


def test_a_text_may_be_shorter_than_the_filters():
    assert built((1, 3), kernel_sizes=[5], filters=2).output_shape == (None, 2)


def test_the_last_word_stands_at_every_place_of_a_filter():
    model = built((3, 1), kernel_sizes=[3], filters=3)
    # Filter f looks at the token f places after the first of the three alone.
    model.set_weights([np.eye(3, dtype="float32")[:, None, :], np.zeros(3, "float32")])
    assert numpy(model(np.array([[[0.0], [0.0], [7.0]]], "float32"))).tolist() == [[7, 7, 7]]


def test_dropout_comes_before_the_convolutions():
    kinds = [type(layer).__name__ for layer in built(dropout=0.2, kernel_sizes=[2]).layers]
    assert kinds == ["InputLayer", "Dropout", "ZeroPadding1D", "Conv1D", "GlobalMaxPooling1D"]
    assert "Dropout" not in [type(layer).__name__ for layer in built().layers]


def test_two_convolutions_may_have_the_same_width():
    assert built(kernel_sizes=[3, 3], filters=2).output_shape == (None, 4)
