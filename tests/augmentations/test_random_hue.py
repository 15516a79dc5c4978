import numpy as np

from tests.helpers import make, pictures


class Draws:
    """A generator that draws this share of the largest change."""

    def __init__(self, share):
        self.share = share

    def uniform(self, low, high, size):
        return np.full(size, self.share)


def test_a_half_turn_mirrors_colours_at_their_luma():
    x = np.array([100, 120, 140], "uint8").reshape(1, 1, 1, 3)
    found = make("augmentation", "random_hue", factor=0.5).apply(x, Draws(1.0))
    # The luma is 116.3: 2 x 116.3 - (100, 120, 140) = (132.6, 112.6, 92.6).
    assert found.ravel().tolist() == [133, 113, 93]


def test_turns_to_and_fro_cancel():
    x = (pictures(3, 6, 7, 3) // 4 + 96).astype("uint8")
    hue = make("augmentation", "random_hue", factor=0.1)
    there = hue.apply(x, Draws(1.0))
    assert np.abs(there.astype(int) - x).max() > 10
    assert np.abs(hue.apply(there, Draws(-1.0)).astype(int) - x).max() <= 2


def test_factor_0_changes_nothing():
    x = pictures(4, 5, 6, 3)
    found = make("augmentation", "random_hue", factor=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_grey_pictures_stay_as_they_are():
    hue = make("augmentation", "random_hue", factor=0.5)
    grey = pictures(4, 5, 6, 1)
    for x in (grey, grey.repeat(3, axis=-1)):
        np.testing.assert_array_equal(hue.apply(x, np.random.default_rng(0)), x)


def test_half_of_the_pictures_turn_either_way():
    x = np.array([150, 100, 100], "uint8").reshape(1, 1, 1, 3).repeat(2000, axis=0)
    found = make("augmentation", "random_hue", factor=0.1).apply(x, np.random.default_rng(0)).astype(int)
    greener = found[:, 0, 0, 1] > found[:, 0, 0, 2]
    # Four standard deviations of 2,000 draws are 0.045.
    assert abs(greener.mean() - 0.5) < 0.045
