import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.helpers import make, pictures


class Draws:
    """A generator that draws this share of the largest change."""

    def __init__(self, share):
        self.share = share

    def uniform(self, low, high, size):
        return np.full(size, self.share)


def test_colours_move_away_from_the_luma_as_computed_by_hand():
    x = np.array([100, 120, 140], "uint8").reshape(1, 1, 1, 3)
    saturation = make("augmentation", "random_saturation", factor=0.5)
    # The luma is 0.299 x 100 + 0.587 x 120 + 0.114 x 140 = 116.3; then 116.3 + 1.5 x (-16.3, 3.7, 23.7).
    assert saturation.apply(x, Draws(1.0)).ravel().tolist() == [92, 122, 152]
    assert saturation.apply(x, Draws(-1.0)).ravel().tolist() == [108, 118, 128]


@pytest.mark.parametrize("share", [-1.0, -0.4, 0.7])
def test_it_is_the_colour_of_pillow(share):
    x = pictures(1, 9, 12, 3)
    found = make("augmentation", "random_saturation", factor=1).apply(x, Draws(share))[0]
    wanted = np.asarray(ImageEnhance.Color(Image.fromarray(x[0])).enhance(1 + share))
    # Pillow rounds the luma, and cuts fractions off.
    assert np.abs(found.astype(int) - wanted).max() <= 1


def test_factor_0_changes_nothing():
    x = pictures(4, 5, 6, 3)
    found = make("augmentation", "random_saturation", factor=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_grey_pictures_stay_as_they_are():
    saturation = make("augmentation", "random_saturation", factor=1)
    grey = pictures(4, 5, 6, 1)
    for x in (grey, grey.repeat(3, axis=-1)):
        np.testing.assert_array_equal(saturation.apply(x, np.random.default_rng(0)), x)


def test_half_of_the_pictures_become_paler():
    x = np.array([28, 128, 228], "uint8").reshape(1, 1, 1, 3).repeat(2000, axis=0)
    found = make("augmentation", "random_saturation", factor=0.4).apply(x, np.random.default_rng(0)).astype(int)
    spread = found[:, 0, 0, 2] - found[:, 0, 0, 0]
    # Four standard deviations of 2,000 draws are 0.045.
    assert abs((spread < 200).mean() - 0.5) < 0.045
    assert spread.min() < 130
