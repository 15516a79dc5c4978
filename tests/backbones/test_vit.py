import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import erf, softmax

from kerascnn.engine.build import precision_policy
from kerascnn.errors import BuildError
from tests.backbones.zoo import chance_weights, parameters
from tests.helpers import make, normal, numpy

SMALL = {"patch": 4, "hidden": 6, "depth": 2, "heads": 2, "mlp": 5}


def built(shape=(8, 12, 3), **fields):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "vit", **fields).apply(x))


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 86_567_656),
        ({"patch": 32}, 88_224_232),
        ({"hidden": 1024, "depth": 24, "heads": 16, "mlp": 4096}, 304_326_632),
        ({"hidden": 384, "heads": 6, "mlp": 1536}, 22_050_664),
        # Without a token for the picture: its weights and those of its place.
        ({"pooling": "mean"}, 86_567_656 - 2 * 768),
    ],
)
def test_the_parameters_are_those_of_the_papers(fields, count):
    assert parameters({"type": "vit", **fields}) == count


def oracle(model, pictures, *, token, patch=4, heads=2):
    """Return the tokens of a network, normalised, in NumPy."""

    def weights(name):
        return [np.asarray(w, "float64") for w in model.get_layer(name).get_weights()]

    def normed(x, name):
        gamma, beta = weights(name)
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * gamma + beta

    def attention(x, name):
        query, query_bias, key, key_bias, value, value_bias, out, out_bias = weights(name)
        parts = []
        for head in range(heads):
            q = x @ query[:, head] + query_bias[head]
            k = x @ key[:, head] + key_bias[head]
            v = x @ value[:, head] + value_bias[head]
            parts.append(softmax(q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1]), -1) @ v @ out[head])
        return sum(parts) + out_bias

    n, height, width, channels = pictures.shape
    kernel, bias = weights("patches")
    tiles = pictures.reshape(n, height // patch, patch, width // patch, patch, channels).transpose(0, 1, 3, 2, 4, 5)
    x = tiles.reshape(n, -1, patch * patch * channels) @ kernel.reshape(-1, kernel.shape[-1]) + bias
    if token:
        x = np.concatenate([np.broadcast_to(weights("class_token")[0], (n, 1, x.shape[-1])), x], 1)
    x = x + weights("positions")[0]
    for block in ("block1", "block2"):
        x = x + attention(normed(x, f"{block}_norm1"), f"{block}_attention")
        kernel, bias = weights(f"{block}_expand")
        y = normed(x, f"{block}_norm2") @ kernel + bias
        y = y * (1 + erf(y / np.sqrt(2))) / 2
        kernel, bias = weights(f"{block}_reduce")
        x = x + y @ kernel + bias
    return normed(x, "last_norm")


@pytest.mark.parametrize("pooling", ["token", "mean"])
def test_the_network_is_the_paper_s_in_numpy(pooling):
    model, pictures = built(**SMALL, pooling=pooling), normal(3, 8, 12, 3)
    chance_weights(model)
    model.set_weights([weight * (1 if weight.ndim == 1 else 5) for weight in model.get_weights()])
    tokens = oracle(model, pictures.astype("float64"), token=pooling == "token")
    found = {name: numpy(y) for name, y in model(pictures, training=False).items()}
    maps, out = (tokens[:, 1:], tokens[:, 0]) if pooling == "token" else (tokens, tokens.mean(1))
    np.testing.assert_allclose(found["out"], out, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found["P2"], maps.reshape(3, 2, 3, 6), rtol=1e-4, atol=1e-4)


def test_maps_are_named_after_their_stride_and_the_row_stands_last():
    x = keras.Input((32, 64, 3))
    features = make("backbone", "vit", **SMALL | {"patch": 16}).apply(x)
    assert {name: tuple(y.shape) for name, y in features.items()} == {"P4": (None, 2, 4, 6), "out": (None, 6)}
    assert list(features)[-1] == "out"


def test_patches_of_no_power_of_two_give_no_maps():
    assert list(built((12, 12, 3), **SMALL | {"patch": 6}).output) == ["out"]


def test_without_positions_the_order_of_patches_would_not_count():
    model, pictures = built(**SMALL), normal(2, 8, 12, 3)
    chance_weights(model)
    turned = np.roll(pictures, 4, axis=2)
    assert np.abs(numpy(model(pictures)["out"]) - numpy(model(turned)["out"])).max() > 1e-4
    model.get_layer("positions").set_weights([np.zeros((7, 6))])
    np.testing.assert_allclose(numpy(model(pictures)["out"]), numpy(model(turned)["out"]), rtol=1e-4, atol=1e-5)


def test_dropout_and_stochastic_depth_stand_in_every_block():
    model = built(**SMALL, dropout=0.1, stochastic_depth=0.4)
    names = [layer.name for layer in model.layers]
    assert {"dropout", "block1_dropout1", "block1_dropout2", "block2_skip1", "block2_skip2"} <= set(names)
    assert model.get_layer("block2_attention").dropout == 0.1
    assert "block1_skip1" not in names, "the first block is always there"


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_the_answers_of_16_bits_are_near(policy):
    pictures = normal(2, 8, 12, 3)
    model = built(**SMALL)
    with precision_policy(policy):
        half = built(**SMALL)
    half.set_weights(model.get_weights())
    found = numpy(keras.ops.cast(half(pictures)["out"], "float32"))
    np.testing.assert_allclose(found, numpy(model(pictures)["out"]), atol=0.1)


@pytest.mark.parametrize(("size", "near"), [((30, 33), "32 x 32"), ((33, 9), "32 x 16"), ((3, 100), "16 x 96")])
def test_pictures_that_patches_do_not_tile_are_refused_with_the_nearest_size(size, near):
    with pytest.raises(BuildError, match=rf"{size[0]} x {size[1]} pixels do not divide .* use pictures of {near} "):
        make("backbone", "vit").apply(keras.Input((*size, 3)))


def test_a_picture_of_one_patch_is_refused():
    with pytest.raises(BuildError, match="16 x 16 pixels are no larger than one patch of 16 x 16"):
        make("backbone", "vit", pooling="mean").apply(keras.Input((16, 16, 3)))


def test_hidden_has_to_divide_into_heads():
    with pytest.raises(ValidationError, match="hidden 770, which does not divide into 12 heads; use 780"):
        make("backbone", "vit", hidden=770)


def test_no_weights_are_published():
    assert make("backbone", "vit").pretrained() is None
