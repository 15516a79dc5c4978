"""The head that finds things as points."""

import keras
import numpy as np
import pytest

from kerascnn.errors import BuildError
from tests.helpers import make, normal, numpy

PYRAMID = {"P1": (32, 32, 3), "P2": (16, 16, 4), "P3": (8, 8, 6), "P4": (4, 4, 8)}


def built(shapes=PYRAMID, outputs=7, **parameters):
    keras.utils.set_random_seed(0)
    feeds = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    answer = make("head", "center_detector", **{"filters": 8, **parameters}).apply(feeds, outputs)
    used = {id(tensor) for tensor in keras.utils.get_source_inputs(answer)}
    return keras.Model({name: x for name, x in feeds.items() if id(x) in used}, answer)


def answers(model, scale=1.0):
    return numpy(model({name: scale * normal(2, *x.shape[1:]) for name, x in model.input.items()}, training=False))


@pytest.mark.parametrize(("stride", "cells"), [(4, 16), (8, 8)])
def test_the_grid_is_that_of_the_stride(stride, cells):
    assert built(stride=stride).output_shape == (None, cells, cells, 7)


def test_finer_levels_are_not_looked_at():
    assert list(built().input) == ["P2", "P3", "P4"]
    assert list(built(stride=8).input) == ["P3", "P4"]


def test_each_level_has_a_say_everywhere():
    model = built()
    before = answers(model)
    for name in model.input:
        feeds = {key: normal(2, *x.shape[1:]) * (2 if key == name else 1) for key, x in model.input.items()}
        assert (numpy(model(feeds, training=False)) != before).all(-1).mean() > 0.9


def test_at_first_nothing_is_likely_anywhere():
    found = answers(built(), scale=0.1)[..., :3]
    np.testing.assert_allclose(found, 0.1, atol=0.03)


def test_probabilities_and_sizes_are_what_they_can_be():
    found = answers(built(), scale=1000.0)
    assert np.isfinite(found).all()
    assert 0 <= found[..., :3].min() <= found[..., :3].max() <= 1
    assert found[..., 5:].min() >= 0
    assert found[..., 5:].max() <= np.exp(10) * 1.001
    assert found[..., 3:5].min() < 0


@pytest.mark.parametrize("halved", [lambda size: size // 2, lambda size: -(-size // 2)])
def test_levels_of_odd_sizes_are_joined(halved):
    shapes, size = {}, (30, 25)
    for level in range(2, 6):
        shapes[f"P{level}"] = (*size, 4)
        size = tuple(map(halved, size))
    assert built(shapes).output_shape == (None, 30, 25, 7)


def test_what_a_level_says_stays_at_its_place():
    # Of P3 with 7 x 7 cells (15 of P2, halved without padding), the cell (3, 3) speaks of rows and columns 6 and 7.
    model = built({"P2": (15, 15, 1), "P3": (7, 7, 1)}, filters=16)
    silent = {"P2": np.zeros((1, 15, 15, 1), "float32"), "P3": np.zeros((1, 7, 7, 1), "float32")}
    speaking = {**silent, "P3": silent["P3"].copy()}
    speaking["P3"][0, 3, 3] = 9
    changed = numpy(model(speaking, training=False)) != numpy(model(silent, training=False))
    rows, columns = np.nonzero(changed[0].any(-1))
    # Two convolutions of 3 x 3 carry it two cells further.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 9, 4, 9)


def test_the_level_of_the_stride_has_to_be_there():
    with pytest.raises(BuildError, match="stride 4 needs the level P2, and the backbone gives out; use another"):
        built({"out": (8, 8, 4)})
    with pytest.raises(BuildError, match="stride 8 needs the level P3, and the backbone gives P2, out"):
        built({"P2": (8, 8, 4), "out": (84,)}, stride=8)


def test_levels_have_to_follow_one_another():
    with pytest.raises(BuildError, match="have to follow one another, and the backbone gives P2, P4"):
        built({"P2": (16, 16, 4), "P4": (4, 4, 4)})


def test_a_grid_without_a_class_is_refused():
    with pytest.raises(BuildError, match="outputs=4"):
        built(outputs=4)
