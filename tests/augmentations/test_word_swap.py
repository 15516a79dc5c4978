import numpy as np

from tests.helpers import make


def swapped(x, seed=0, **parameters):
    return make("augmentation", "word_swap", **parameters).apply(np.asarray(x, "int32"), np.random.default_rng(seed))


def test_every_pair_is_exchanged_at_a_probability_of_1():
    found = {tuple(row) for row in swapped([[2, 3, 4, 5]] * 50, probability=1.0).tolist()}
    # The pairs begin at the first token or at the second.
    assert found == {(3, 2, 5, 4), (2, 4, 3, 5)}


def test_no_word_is_lost_and_none_moves_by_more_than_one_place():
    x = np.arange(2, 52)[None].repeat(100, axis=0)
    found = swapped(x, probability=0.5)
    np.testing.assert_array_equal(np.sort(found, axis=1), x)
    assert np.abs(found - x).max() == 1


def test_a_token_changes_places_with_the_given_probability():
    x = np.arange(2, 52)[None].repeat(2000, axis=0)
    moved = swapped(x, probability=0.2) != x
    # Four standard errors of about 48,000 pairs.
    assert abs(moved[:, 1:-1].mean() - 0.2) < 0.0075
    # The first and the last stand in a pair half of the time; four standard errors of 2,000 draws.
    assert abs(moved[:, 0].mean() - 0.1) < 0.027


def test_words_never_change_places_with_padding():
    x = [[2, 3, 4, 0, 0, 0], [2, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]] * 30
    found = swapped(x, probability=1.0)
    np.testing.assert_array_equal(found == 0, np.asarray(x) == 0)
    assert {tuple(row) for row in found[::3].tolist()} == {(3, 2, 4, 0, 0, 0), (2, 4, 3, 0, 0, 0)}


def test_a_text_of_one_word_stays():
    assert swapped([[7], [8]], probability=1.0).tolist() == [[7], [8]]


def test_probability_0_changes_nothing():
    assert swapped([[2, 3, 4]], probability=0.0).tolist() == [[2, 3, 4]]
