"""What networks with attention are built of."""

import doctest

import keras
import numpy as np
import pytest

from kerascnn.backbones import attention
from kerascnn.backbones.attention import attend, offsets, rising, scale_channels, skip_at, table, whole_numbers
from tests.helpers import normal, numpy


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(attention).failed == 0


def test_rates_rise_evenly_and_a_single_block_is_never_left_out():
    assert rising(5, 0.4) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert rising(1, 0.4) == [0]


def test_a_branch_without_a_rate_is_as_it_was():
    x = keras.Input((2, 3))
    assert skip_at(x, 0.0, "skip") is x


def test_a_branch_is_left_out_of_whole_samples_while_training():
    x = keras.Input((4, 5, 6))
    model = keras.Model(x, skip_at(x, 0.25, "skip"))
    ones = np.ones((2000, 4, 5, 6), "float32")
    np.testing.assert_array_equal(numpy(model(ones, training=False)), 1)
    found = numpy(model(ones, training=True)).reshape(2000, -1)
    assert (found == found[:, :1]).all()
    assert set(np.round(np.unique(found), 4)) == {0, np.float32(1.3333)}
    assert 0.2 < (found[:, 0] == 0).mean() < 0.3


def test_each_channel_has_a_scale_of_its_own():
    x = keras.Input((2, 3, 4))
    model = keras.Model(x, scale_channels(x, 1e-6, "scale"))
    np.testing.assert_allclose(model.get_weights(), [np.full(4, 1e-6)])
    model.set_weights([np.arange(4)])
    given = normal(2, 2, 3, 4)
    np.testing.assert_allclose(numpy(model(given)), given * np.arange(4), rtol=1e-6)


def test_a_table_is_looked_up_whatever_the_input_is():
    x = keras.Input((3,))
    found = table(whole_numbers(x, [[2, 0], [1, 1]]), 3, 2, "table")
    model = keras.Model(x, found)
    model.set_weights([np.array([[1, 2], [3, 4], [5, 6]])])
    for given in (np.zeros((1, 3)), np.full((7, 3), np.nan)):
        np.testing.assert_array_equal(numpy(model(given)), [[[5, 6], [1, 2]], [[3, 4], [3, 4]]])


def test_pairs_of_the_same_offset_share_a_row_of_the_table():
    index = offsets((2, 3), (2, 3))
    assert index.shape == (6, 6)
    assert index.min() == 0
    assert index.max() == 3 * 5 - 1
    assert len(np.unique(index)) == 15
    assert set(np.diag(index)) == {7}, "the middle of the table: no offset"


def test_a_window_smaller_than_the_table_has_the_same_rows_for_the_same_offsets():
    # Places (0, 1) and (1, 0) of a window of three columns are its numbers 1 and 3.
    assert offsets((2, 2), (3, 3))[1, 2] == offsets((3, 3), (3, 3))[1, 3]


def test_equal_scores_give_each_place_the_mean_of_its_window():
    x = keras.Input((4, 4, 2))
    y = attend(x, 1, (2, 2), "a", index=whole_numbers(x, offsets((2, 2), (2, 2))), rows=9)
    model = keras.Model(x, y)
    for layer in model.layers:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    for name in ("a_value", "a_out"):
        model.get_layer(name).set_weights([np.eye(2), np.zeros(2)])
    given = normal(3, 4, 4, 2)
    means = given.reshape(3, 2, 2, 2, 2, 2).mean((2, 4))
    np.testing.assert_allclose(numpy(model(given)), means.repeat(2, 1).repeat(2, 2), rtol=1e-5, atol=1e-6)
