import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.helpers import make, pictures


def test_the_lowest_value_becomes_0_and_the_highest_255():
    x = np.array([100, 110, 120, 151], "uint8").reshape(1, 2, 2, 1)
    found = make("augmentation", "random_autocontrast", probability=1).apply(x, np.random.default_rng(0))
    # 255 / 51 = 5 for each grey level.
    assert found.ravel().tolist() == [0, 50, 100, 255]


def test_the_cutoff_leaves_out_what_lies_at_the_ends():
    x = np.array([0, *[100] * 4, *[151] * 4, 255], "uint8").reshape(1, 2, 5, 1)
    autocontrast = make("augmentation", "random_autocontrast", probability=1, cutoff=0.1)
    assert autocontrast.apply(x, np.random.default_rng(0)).ravel().tolist() == [0] * 5 + [255] * 5


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_it_is_the_autocontrast_of_pillow(mode):
    x = (pictures(2, 9, 12, len(mode)) // 3 + 60).astype("uint8")
    found = make("augmentation", "random_autocontrast", probability=1).apply(x, np.random.default_rng(0))
    for before, after in zip(x, found, strict=True):
        wanted = ImageOps.autocontrast(Image.fromarray(before if mode == "RGB" else before[..., 0]))
        np.testing.assert_array_equal(after, np.asarray(wanted).reshape(after.shape))


def test_a_picture_of_one_colour_stays():
    x = np.full((2, 8, 8, 3), 77, "uint8")
    found = make("augmentation", "random_autocontrast", probability=1).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_autocontrast", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = (pictures(1, 3, 3, 3) // 2 + 60).repeat(2000, axis=0).astype("uint8")
    found = make("augmentation", "random_autocontrast", probability=0.3).apply(x, np.random.default_rng(0))
    changed = (found != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041
