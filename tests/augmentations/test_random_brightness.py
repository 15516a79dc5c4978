import numpy as np
import pytest

from tests.helpers import make, pictures


class Draws:
    """A generator that draws this share of the largest change."""

    def __init__(self, share):
        self.share = share

    def uniform(self, low, high, size):
        return np.full(size, self.share)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_share_of_the_range_is_added_and_clipped(channels):
    x = np.array([0, 10, 100, 230], "uint8").reshape(1, 2, 2, 1).repeat(channels, axis=-1)
    brightness = make("augmentation", "random_brightness", factor=0.2)
    # 0.2 x 255 = 51
    assert brightness.apply(x, Draws(1.0))[0, ..., 0].ravel().tolist() == [51, 61, 151, 255]
    assert brightness.apply(x, Draws(-1.0))[0, ..., 0].ravel().tolist() == [0, 0, 49, 179]


def test_the_whole_range_reaches_black_and_white():
    x = pictures(2, 4, 4, 3)
    brightness = make("augmentation", "random_brightness", factor=1)
    assert set(brightness.apply(x, Draws(1.0)).ravel().tolist()) == {255}
    assert set(brightness.apply(x, Draws(-1.0)).ravel().tolist()) == {0}


def test_factor_0_changes_nothing():
    x = pictures(4, 5, 6, 3)
    found = make("augmentation", "random_brightness", factor=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_half_of_the_pictures_become_brighter():
    x = np.full((2000, 1, 1, 1), 128, "uint8")
    found = make("augmentation", "random_brightness").apply(x, np.random.default_rng(0)).ravel()
    assert found.min() == 77
    assert found.max() == 179
    # Four standard deviations of 2,000 draws are 0.045; one draw in 102 rounds to no change.
    assert abs((found > 128).mean() - 0.495) < 0.045
