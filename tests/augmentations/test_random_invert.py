import numpy as np
import pytest

from tests.helpers import make, pictures


def test_a_negative_is_255_less_the_value():
    x = np.array([0, 1, 100, 255], "uint8").reshape(1, 2, 2, 1)
    found = make("augmentation", "random_invert", probability=1).apply(x, np.random.default_rng(0))
    assert found.ravel().tolist() == [255, 254, 155, 0]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_negative_of_a_negative_is_the_picture(channels):
    x = pictures(3, 5, 6, channels)
    invert, rng = make("augmentation", "random_invert", probability=1), np.random.default_rng(0)
    np.testing.assert_array_equal(invert.apply(invert.apply(x, rng), rng), x)


@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_invert", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = (pictures(1, 3, 3, 3) // 2 + 60).repeat(2000, axis=0).astype("uint8")
    found = make("augmentation", "random_invert", probability=0.3).apply(x, np.random.default_rng(0))
    changed = (found != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041
