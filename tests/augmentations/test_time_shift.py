import numpy as np
import pytest

from tests.helpers import make, normal


class Draws:
    """A generator whose every number stands this far between the ends."""

    def __init__(self, share):
        self.share = share

    def uniform(self, low, high, size):
        return np.full(size, low + self.share * (high - low))


def drawn(share, **parameters):
    x = np.arange(1, 6, dtype="float32").reshape(1, 5, 1) / 10
    found = make("augmentation", "time_shift", **parameters).apply(x, Draws(share))
    return (found * 10).round().astype(int).ravel().tolist()


def test_the_largest_shift_is_a_fraction_of_the_length():
    assert drawn(1.0, fraction=0.4) == [0, 0, 1, 2, 3]
    assert drawn(0.0, fraction=0.4) == [3, 4, 5, 0, 0]
    assert drawn(0.5, fraction=0.4) == [1, 2, 3, 4, 5]


def test_what_is_shifted_out_comes_in_at_the_other_end_where_it_wraps():
    assert drawn(1.0, fraction=0.4, fill="wrap") == [4, 5, 1, 2, 3]
    assert drawn(0.0, fraction=0.4, fill="wrap") == [3, 4, 5, 1, 2]


@pytest.mark.parametrize(("fill", "wanted"), [("silence", [0] * 5), ("wrap", [1, 2, 3, 4, 5])])
def test_a_shift_by_the_whole_length_leaves_silence_or_the_sound(fill, wanted):
    assert drawn(1.0, fraction=1.0, fill=fill) == wanted


def test_all_channels_are_shifted_alike():
    x = normal(6, 100, 1).repeat(2, axis=-1)
    found = make("augmentation", "time_shift", fraction=0.5).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found[..., 0], found[..., 1])


def test_shifts_are_spread_evenly_both_ways():
    x = np.zeros((4000, 101, 1), "float32")
    x[:, 50] = 1
    found = make("augmentation", "time_shift", fraction=0.2).apply(x, np.random.default_rng(0))
    shift = found[..., 0].argmax(axis=1) - 50
    assert (shift.min(), shift.max()) == (-20, 20)
    # Even from -20 to 20: deviation 11.7, four standard errors of the mean are 0.74.
    assert abs(shift.mean()) < 0.74
    assert abs(shift.std() - 11.7) < 0.5
