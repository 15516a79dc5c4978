import keras
import numpy as np
import pytest
from scipy.special import softmax

from kerascnn.errors import BuildError
from kerascnn.spec.compose import compose
from tests.helpers import layer, model_of, normal, run


def attend(x, weights):
    """Return the attention of rows `(n, places, channels)`, head by head, as the paper has it."""
    query, query_bias, key, key_bias, value, value_bias, out, out_bias = weights
    y = np.zeros_like(x) + out_bias
    for head in range(query.shape[1]):
        q, k, v = (x @ w[:, head] + b[head] for w, b in ((query, query_bias), (key, key_bias), (value, value_bias)))
        table = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]), axis=-1)
        y = y + table @ v @ out[head]
    return y


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("shape", [(7, 6), (3, 4, 6), (2, 2, 3, 6)], ids=str)
def test_every_place_looks_at_all_others(shape, residual):
    attention = layer("self_attention", heads=2, residual=residual)
    x = normal(2, *shape)
    weights = [normal(*w.shape, seed=i) / 2 for i, w in enumerate(model_of(attention, shape).weights)]
    wanted = attend(x.reshape(2, -1, 6), weights).reshape(x.shape) + (x if residual else 0)
    np.testing.assert_allclose(run(attention, x, weights), wanted, rtol=1e-3, atol=1e-4)


def test_it_knows_nothing_of_the_order_of_places():
    model, x = model_of(layer("self_attention", heads=3), (8, 6)), normal(1, 8, 6)
    order = np.random.default_rng(0).permutation(8)
    turned = keras.ops.convert_to_numpy(model(x[:, order]))
    np.testing.assert_allclose(turned, keras.ops.convert_to_numpy(model(x))[:, order], rtol=1e-4, atol=1e-5)


def test_key_dim_is_the_channels_divided_by_the_heads_where_it_is_left_out():
    # Four projections of 6 x 6 with biases.
    assert model_of(layer("self_attention", heads=3), (8, 6)).count_params() == 4 * (36 + 6)
    # Three of 6 to 5 heads of 7, and one back.
    found = model_of(layer("self_attention", heads=5, key_dim=7), (8, 6)).count_params()
    assert found == 3 * (6 * 35 + 35) + 35 * 6 + 6


@pytest.mark.parametrize(
    ("parameters", "shape", "words"),
    [
        ({}, (8,), "wants the places of a map"),
        ({}, (8, 6), "4 heads do not divide 6 channels evenly; change heads, or give a key_dim"),
        ({}, (224, 224, 8), r"compares all 50,176 places of \(224, 224, 8\) .* 16,384 are the most"),
    ],
)
def test_what_cannot_attend_is_named_with_its_place(parameters, shape, words):
    with pytest.raises(BuildError, match=words) as caught:
        compose([layer("self_attention", **parameters)], keras.Input(shape), "layers")
    assert caught.value.spec_path == "layers.0"
