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


def test_values_move_away_from_the_mean_as_computed_by_hand():
    x = np.array([60, 100, 140, 180], "uint8").reshape(1, 2, 2, 1)
    found = make("augmentation", "random_contrast", factor=0.5).apply(x, Draws(1.0))
    # The mean is 120: 120 + 1.5 x (-60, -20, 20, 60).
    assert found.ravel().tolist() == [30, 90, 150, 210]


@pytest.mark.parametrize("share", [-1.0, -0.4, 0.7])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_it_is_the_contrast_of_pillow(mode, share):
    x = pictures(1, 9, 12, len(mode))
    picture = Image.fromarray(x[0] if mode == "RGB" else x[0, ..., 0])
    found = make("augmentation", "random_contrast", factor=1).apply(x, Draws(share))[0]
    wanted = np.asarray(ImageEnhance.Contrast(picture).enhance(1 + share)).reshape(found.shape)
    # Pillow rounds the mean, and cuts fractions off.
    assert np.abs(found.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_factor_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_contrast", factor=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_contrast_is_scaled_evenly_from_0_8_to_1_2():
    x = np.array([28, 228], "uint8").reshape(1, 1, 2, 1).repeat(2000, axis=0)
    found = make("augmentation", "random_contrast", factor=0.2).apply(x, np.random.default_rng(0)).astype(int)
    distances = found[:, 0, 1, 0] - found[:, 0, 0, 0]
    assert distances.min() == 160
    assert distances.max() == 240
    # Four standard errors of the mean of 2,000 even draws.
    assert abs(distances.mean() - 200) < 2.1
