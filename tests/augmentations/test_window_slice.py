import numpy as np

from tests.helpers import make, normal

NAN = np.nan


def sliced(x, seed=0, **parameters):
    return make("augmentation", "window_slice", **parameters).apply(x, np.random.default_rng(seed))


class Draws:
    """A generator whose every number is this one."""

    def __init__(self, share):
        self.share = share

    def random(self, n):
        return np.full(n, self.share)


def drawn(share, x, fraction):
    x = np.asarray(x, "float32")[None, :, None]
    return make("augmentation", "window_slice", fraction=fraction).apply(x, Draws(share))[0, :, 0].tolist()


def test_half_a_series_is_stretched_to_the_whole():
    assert drawn(0.0, [0, 2, 4, 6, 8], 0.5) == [0, 1, 2, 3, 4]
    assert drawn(1.0, [0, 2, 4, 6, 8], 0.5) == [4, 5, 6, 7, 8]
    assert drawn(0.5, [0, 2, 4, 6, 8], 0.5) == [2, 3, 4, 5, 6]


def test_the_slice_is_taken_from_the_series_not_from_its_padding():
    assert drawn(1.0, [0, 2, 4, 6, 8, NAN, NAN], 0.5)[:5] == [4, 5, 6, 7, 8]
    assert np.isnan(drawn(1.0, [0, 2, 4, 6, 8, NAN, NAN], 0.5)[5:]).all()


def test_what_is_missing_is_missing_where_it_moves():
    found = drawn(0.0, [0, NAN, 4, 6, 8], 0.5)
    # The places are 0, 0.5, 1, 1.5 and 2; a place midway counts to the step behind it.
    assert found[0] == 0
    assert np.isnan(found[1:3]).all()
    assert found[3:] == [4, 4]


def test_windows_begin_anywhere():
    x = np.tile(np.arange(101, dtype="float32")[None, :, None], (5000, 1, 1))
    starts = sliced(x, fraction=0.8)[:, 0, 0]
    assert starts.min() >= 0
    assert starts.max() <= 20
    # Even from 0 to 20: mean 10, four standard errors are 0.33.
    assert abs(starts.mean() - 10) < 0.33


def test_all_channels_show_the_same_window():
    found = sliced(normal(4, 30, 1).repeat(2, axis=-1))
    np.testing.assert_array_equal(found[..., 0], found[..., 1])


def test_the_whole_series_changes_nothing():
    np.testing.assert_array_equal(sliced(normal(2, 9, 3), fraction=1.0), normal(2, 9, 3))


def test_a_series_of_one_step_stays():
    x = normal(3, 1, 2)
    np.testing.assert_array_equal(sliced(x), x)
