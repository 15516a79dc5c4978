import doctest

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.special import softmax

from kerascnn.backbones import swin
from kerascnn.backbones.swin import Tiling, filled, parts_of
from kerascnn.engine.build import precision_policy
from tests.backbones.zoo import parameters, strides_of
from tests.helpers import make, normal, numpy

SMALL = {"channels": 8, "head_width": 4, "blocks": [1, 2, 2, 1], "window": 3}


def built(shape=(64, 64, 3), **fields):
    x = keras.Input(shape)
    return keras.Model(x, make("backbone", "swin", **fields).apply(x))


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(swin).failed == 0


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("tiny", 28_288_354),
        pytest.param("small", 49_606_258, marks=pytest.mark.slow),
        pytest.param("base", 87_768_224, marks=pytest.mark.slow),
        pytest.param("large", 196_532_476, marks=pytest.mark.slow),
    ],
)
def test_the_parameters_are_those_of_the_paper_s_code(size, count):
    assert parameters({"type": "swin", "size": size}) == count


def test_weights_do_not_depend_on_the_size_of_pictures():
    shapes = [[weight.shape for weight in built((*size, 3), **SMALL).weights] for size in ((64, 64), (37, 50), (8, 8))]
    assert shapes[0] == shapes[1] == shapes[2]


def oracle(maps, model, side, heads, *, shifted):
    """Return attention within windows, place by place: windows end where (place - shift) // side changes."""

    def weights(name):
        return [np.asarray(w, "float64") for w in model.get_layer(f"a_{name}").get_weights()]

    height, width, channels = maps.shape[1:]
    deep = channels // heads
    query, key, value = (maps @ kernel + bias for kernel, bias in map(weights, ("query", "key", "value")))
    extra = weights("offsets")[0].reshape(2 * side - 1, 2 * side - 1, heads)
    down, right = (side // 2 if shifted and length > side else 0 for length in (height, width))
    places = [(r, c) for r in range(height) for c in range(width)]
    joined = np.zeros_like(maps)
    for r, c in places:
        window = [
            (y, x)
            for y, x in places
            if (y - down) // side == (r - down) // side and (x - right) // side == (c - right) // side
        ]
        rows, columns = np.array(window).T
        for head in range(heads):
            part = slice(head * deep, (head + 1) * deep)
            scores = np.einsum("nd,nkd->nk", query[:, r, c, part], key[:, rows, columns, part]) / np.sqrt(deep)
            scores += extra[r - rows + side - 1, c - columns + side - 1, head]
            joined[:, r, c, part] = np.einsum("nk,nkd->nd", softmax(scores, -1), value[:, rows, columns, part])
    kernel, bias = weights("out")
    return joined @ kernel + bias


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(
    ("size", "side"),
    [((6, 9), 3), ((8, 8), 4), ((7, 8), 3), ((5, 10), 4), ((2, 7), 3), ((2, 3), 4)],
    ids=["tiled", "even-window", "filled", "much-filled", "a-window-high", "one-window"],
)
def test_attention_within_windows_is_that_of_numpy(size, side, shifted):
    x = keras.Input((*size, 6))
    model = keras.Model(x, Tiling.of(x, side, shifted=shifted).attend(x, 2, side, "a"))
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 1, weight.shape) for weight in model.weights])
    maps = normal(2, *size, 6)
    expected = oracle(maps.astype("float64"), model, side, 2, shifted=shifted)
    np.testing.assert_allclose(numpy(model(maps)), expected, rtol=1e-3, atol=1e-3)


def test_moved_windows_reach_over_the_edge_without_looking_across():
    # Windows of 2 on 4 x 4 places, moved by 1: the last window holds the four corners, each a part of its own.
    parts = parts_of((4, 4), (2, 2), (1, 1))
    assert parts.shape == (4, 4)
    assert [len(set(window)) for window in parts.tolist()] == [1, 2, 2, 4]


def test_what_is_filled_in_is_a_part_of_its_own():
    parts = parts_of((3, 4), (2, 2), (0, 0))
    assert [set(window) == {window[0]} for window in parts.tolist()] == [True, True, False, False]
    assert (parts == -1).sum() == 4


def test_maps_that_fit_are_not_filled():
    x = keras.Input((4, 6, 1))
    assert filled(x, (2, 3), "fill") is x
    assert filled(x, (3, 4), "fill").shape == (None, 6, 8, 1)


def test_four_neighbours_are_merged_in_the_order_of_the_paper_s_code():
    x = keras.Input((2, 2, 1))
    model = keras.Model(x, swin._merged(x, "m"))
    model.get_layer("m_norm").set_weights([np.array([1, 10, 100, 1000]), np.zeros(4)])
    model.get_layer("m_reduce").set_weights([np.ones((4, 2))])
    places = np.array([[0, 3], [1, 5]])
    order = np.array([0, 1, 3, 5])  # upper left, lower left, upper right, lower right
    normed = (order - order.mean()) / np.sqrt(order.var() + 1e-6)
    found = numpy(model(places[None, ..., None].astype("float32")))
    np.testing.assert_allclose(found.ravel(), [normed @ [1, 10, 100, 1000]] * 2, rtol=1e-4)


@pytest.mark.parametrize("shape", [(64, 96, 3), (224, 224, 3)])
def test_features_stand_at_their_strides(shape):
    assert strides_of({"type": "swin", **SMALL}, shape) == {f"P{i}": (2**i, 2**i) for i in range(2, 6)}


def test_sizes_that_do_not_divide_are_rounded_up():
    features = built((37, 50, 3), **SMALL).output
    assert {name: tuple(y.shape[1:]) for name, y in features.items()} == {
        "P2": (10, 13, 8), "P3": (5, 7, 16), "P4": (3, 4, 32), "P5": (2, 2, 64),
    }  # fmt: skip


def test_a_single_place_gives_its_own_value():
    x = keras.Input((1, 1, 6))
    model = keras.Model(x, Tiling.of(x, 3, shifted=True).attend(x, 2, 3, "a"))
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 1, weight.shape) for weight in model.weights])
    maps = normal(2, 1, 1, 6)
    expected = oracle(maps.astype("float64"), model, 3, 2, shifted=True)
    np.testing.assert_allclose(numpy(model(maps)), expected, rtol=1e-4, atol=1e-4)
    assert built((32, 32, 3), **SMALL).output["P5"].shape == (None, 1, 1, 64)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_masks_hold_in_16_bits(policy):
    x = keras.Input((7, 8, 6))
    with precision_policy(policy):
        model = keras.Model(x, Tiling.of(x, 3, shifted=True).attend(x, 2, 3, "a"))
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.5, weight.shape) for weight in model.weights])
    maps = normal(2, 7, 8, 6)
    found = numpy(keras.ops.cast(model(maps), "float32"))
    expected = oracle(maps.astype("float64"), model, 3, 2, shifted=True)
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_stochastic_depth_rises_from_0():
    rates = {layer.name: layer.rate for layer in built(**SMALL, stochastic_depth=0.5).layers if "_skip" in layer.name}
    assert rates["stage3_block1_skip1"] == pytest.approx(0.3)
    assert rates["stage4_block1_skip2"] == pytest.approx(0.5)
    assert len(rates) == 2 * 5


def test_heads_have_to_divide_the_channels():
    with pytest.raises(ValidationError, match="96 channels in the first stage, which do not divide into heads of 40"):
        make("backbone", "swin", head_width=40)


def test_no_weights_are_published():
    assert make("backbone", "swin").pretrained() is None
