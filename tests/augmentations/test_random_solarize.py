import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.helpers import make, pictures


def test_values_from_the_threshold_on_are_inverted():
    x = np.array([0, 99, 100, 255], "uint8").reshape(1, 2, 2, 1)
    solarize = make("augmentation", "random_solarize", threshold=100, probability=1)
    assert solarize.apply(x, np.random.default_rng(0)).ravel().tolist() == [0, 99, 155, 0]


@pytest.mark.parametrize("threshold", [0, 1, 128, 255])
def test_it_is_the_solarizing_of_pillow(threshold):
    x = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1).repeat(3, axis=-1)
    solarize = make("augmentation", "random_solarize", threshold=threshold, probability=1)
    found = solarize.apply(x, np.random.default_rng(0))[0]
    np.testing.assert_array_equal(found, np.asarray(ImageOps.solarize(Image.fromarray(x[0]), threshold)))


@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_solarize", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = (pictures(1, 3, 3, 3) // 2 + 60).repeat(2000, axis=0).astype("uint8")
    found = make("augmentation", "random_solarize", probability=0.3).apply(x, np.random.default_rng(0))
    changed = (found != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041
