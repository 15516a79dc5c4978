import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.helpers import make, pictures


def test_even_steps_of_a_narrow_range_fill_the_whole_one():
    # Four values, equally frequent: after equalizing, they stand a quarter of the range and one apart, from 0 on.
    x = np.repeat(np.array([100, 101, 102, 103], "uint8"), 255).reshape(1, 4, 255, 1)
    found = make("augmentation", "random_equalize", probability=1).apply(x, np.random.default_rng(0))
    # Pillow's step is (1,020 - 255) // 255 = 3; a value becomes (3 // 2 + how many are darker) // 3.
    assert found[0, :, 0, 0].tolist() == [0, 85, 170, 255]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_it_is_the_equalizing_of_pillow(mode):
    x = (pictures(2, 20, 30, len(mode)) // 3 + 60).astype("uint8")
    found = make("augmentation", "random_equalize", probability=1).apply(x, np.random.default_rng(0))
    for before, after in zip(x, found, strict=True):
        wanted = ImageOps.equalize(Image.fromarray(before if mode == "RGB" else before[..., 0]))
        np.testing.assert_array_equal(after, np.asarray(wanted).reshape(after.shape))
        assert np.ptp(after) > np.ptp(before)


@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_equalize", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = (pictures(1, 20, 30, 3) // 3 + 60).repeat(1000, axis=0).astype("uint8")
    found = make("augmentation", "random_equalize", probability=0.3).apply(x, np.random.default_rng(0))
    changed = (found != x).any((1, 2, 3))
    # Four standard deviations of 1,000 draws are 0.058.
    assert abs(changed.mean() - 0.3) < 0.058


def test_a_picture_of_one_colour_stays():
    x = np.full((2, 8, 8, 3), 77, "uint8")
    found = make("augmentation", "random_equalize", probability=1).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)
