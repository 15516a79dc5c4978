import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.helpers import make, pictures


class Draws:
    """A generator that draws this factor, and remembers what it was asked for."""

    def __init__(self, factor):
        self.factor, self.asked = factor, None

    def uniform(self, low, high, size):
        self.asked = (low, high, size)
        return np.full(size, self.factor)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_bright_pixel_is_spread_and_sharpened_as_computed_by_hand(channels):
    x = np.full((1, 5, 5, channels), 100, "uint8")
    x[:, 2, 2] = 165
    sharpness = make("augmentation", "random_sharpness", factor=1)
    # 65 more in the middle: 65 x 5 / 13 = 25 stay there, and 65 / 13 = 5 go to each neighbour.
    smooth = sharpness.apply(x, Draws(0.0))[0, ..., 0]
    assert smooth[2].tolist() == [100, 105, 125, 105, 100]
    sharp = sharpness.apply(x, Draws(2.0))[0, ..., 0]
    assert sharp[2].tolist() == [100, 95, 205, 95, 100]


@pytest.mark.parametrize("factor", [0.0, 0.6, 1.7])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_it_is_the_sharpness_of_pillow(mode, factor):
    x = pictures(2, 9, 12, len(mode))
    found = make("augmentation", "random_sharpness", factor=1).apply(x, Draws(factor))
    for before, after in zip(x, found, strict=True):
        picture = Image.fromarray(before if mode == "RGB" else before[..., 0])
        wanted = np.asarray(ImageEnhance.Sharpness(picture).enhance(factor)).reshape(after.shape)
        # Pillow rounds the smoothed picture before it mixes, and cuts fractions off after it.
        assert np.abs(after.astype(int) - wanted).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_factor_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_sharpness", factor=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_half_of_the_pictures_become_sharper():
    rng = Draws(1.0)
    make("augmentation", "random_sharpness", factor=0.3).apply(pictures(3, 4, 4, 1), rng)
    assert rng.asked == (0.7, 1.3, 3)
    x = np.zeros((1000, 3, 3, 1), "uint8")
    x[:, 1, 1] = 130
    found = make("augmentation", "random_sharpness", factor=0.5).apply(x, np.random.default_rng(0))[:, 1, 1, 0]
    # Four standard deviations of 1,000 draws are 0.063.
    assert abs((found > 130).mean() - 0.5) < 0.063


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 5), (5, 2)])
def test_a_picture_that_is_all_border_stays(height, width):
    x = pictures(3, height, width, 3)
    found = make("augmentation", "random_sharpness", factor=1).apply(x, Draws(0.0))
    np.testing.assert_array_equal(found, x)
