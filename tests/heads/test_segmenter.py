import keras
import numpy as np
import pytest

from kerascnn.engine.build import precision_policy
from kerascnn.errors import BuildError
from tests.helpers import make, normal, numpy

LEVELS = {"P0": (13, 9, 2), "P1": (7, 5, 3), "P2": (4, 3, 4)}


def built(features=LEVELS, classes=3, **parameters):
    feeds = {name: keras.Input(shape, name=name) for name, shape in features.items()}
    return keras.Model(feeds, make("head", "segmenter", **parameters).apply(feeds, classes))


def answer(model, seed=0):
    feeds = {name: normal(2, *x.shape[1:], seed=seed) for name, x in model.input.items()}
    return numpy(model(feeds, training=False))


@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_answers_are_probabilities_at_the_size_of_the_finest_level(upsampling):
    found = answer(built(upsampling=upsampling))
    assert found.shape == (2, 13, 9, 3)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("features", "size"),
    [
        ({"P1": (8, 6, 3), "P2": (4, 3, 4)}, (16, 12)),
        ({"P2": (5, 4, 3), "P4": (2, 1, 4)}, (20, 16)),
        ({"P3": (2, 3, 4)}, (16, 24)),
        ({"P1": (8, 6, 3), "P2": (4, 3, 4), "out": (7,)}, (16, 12)),
    ],
)
def test_a_level_is_enlarged_by_the_stride_in_its_name(features, size):
    feeds = {name: keras.Input(shape) for name, shape in features.items()}
    assert make("head", "segmenter").apply(feeds, 2).shape == (None, *size, 2)


@pytest.mark.parametrize("backbone", ["unet_encoder", "simple_cnn"])
@pytest.mark.parametrize("upsampling", ["transposed", "bilinear"])
def test_sizes_that_do_not_halve_evenly(backbone, upsampling):
    x = keras.Input((37, 51, 1))
    features = make("backbone", backbone, filters=[2, 3, 4, 5]).apply(x)
    found = make("head", "segmenter", upsampling=upsampling).apply(features, 2)
    # The levels of simple_cnn begin at half the size, rounded down.
    assert found.shape[1:3] == ((37, 51) if backbone == "unet_encoder" else (36, 50))


def test_the_network_of_the_paper_has_its_weights():
    x = keras.Input((64, 64, 1))
    features = make("backbone", "unet_encoder", batch_norm=False).apply(x)
    model = keras.Model(x, make("head", "segmenter", batch_norm=False).apply(features, 2))
    # Up-convolutions of 2 x 2 that halve the channels, two convolutions of 3 x 3 each, and 1 x 1 to two classes.
    wanted = 18_842_048 + 64 * 2 + 2
    for filters in (512, 256, 128, 64):
        wanted += 4 * 2 * filters * filters + filters
        wanted += 9 * 2 * filters * filters + filters + 9 * filters * filters + filters
    assert model.count_params() == wanted == 31_030_658


def test_every_level_is_joined_on_the_way():
    first = built()
    changed = {name: normal(2, *shape) for name, shape in LEVELS.items()}
    before = numpy(first(changed, training=False))
    for name in LEVELS:
        found = numpy(first({**changed, name: changed[name] + 1}, training=False))
        assert not np.allclose(found, before, atol=1e-4), name


def test_what_is_cut_is_at_the_right_and_the_bottom():
    # One weight: the answer of class 1 is the deepest level itself, each number repeated twice each way.
    model = built({"P0": (3, 3, 1), "P1": (2, 2, 1)}, 2, batch_norm=False, convolutions=1)
    model.get_layer("up0").set_weights([np.ones((2, 2, 1, 1)), np.zeros(1)])
    kernel = np.zeros((3, 3, 2, 1))
    kernel[1, 1, 1] = 1  # the second channel is the deeper level's
    model.get_layer("step0_conv1").set_weights([kernel, np.zeros(1)])
    model.get_layer("logits").set_weights([np.array([[[[0.0, 1.0]]]]), np.zeros(2)])
    deep = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    found = numpy(model({"P0": np.zeros((1, 3, 3, 1)), "P1": deep[None, :, :, None]}))[0, ..., 1]
    np.testing.assert_allclose(np.log(found / (1 - found)), [[1, 1, 2], [1, 1, 2], [3, 3, 4]], rtol=1e-4)


def test_steps_are_as_wide_as_the_levels_they_join_or_as_asked():
    assert built().get_layer("step1_conv1").filters == 3
    assert built(filters=[8, 6]).get_layer("step1_conv1").filters == 8
    assert built(filters=[8, 6]).get_layer("step0_conv2").filters == 6


def test_filters_have_to_be_one_for_each_step():
    with pytest.raises(BuildError, match="filters has 3 numbers, and there are 2 steps from P0, P1, P2"):
        built(filters=[8, 6, 4])


def test_a_backbone_without_levels_is_refused():
    with pytest.raises(BuildError, match=r"needs maps named after their strides .* the backbone gives out"):
        built({"out": (4, 4, 2)})


def test_answers_are_float32_in_mixed_precision():
    with precision_policy("mixed_bfloat16"):
        model = built()
    assert model.get_layer("step0_conv1").compute_dtype == "bfloat16"
    found = answer(model)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-6)
