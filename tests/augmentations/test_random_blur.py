import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter

from tests.helpers import make, pictures


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.0, 2.0, 4.0, 32.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_the_gaussian_of_scipy(channels, sigma):
    x = pictures(2, 20, 25, channels)
    found = make("augmentation", "random_blur", sigma=[sigma, sigma], probability=1).apply(x, np.random.default_rng(0))
    wanted = gaussian_filter(x.astype(float), (0, sigma, sigma, 0), mode="nearest", truncate=3)
    # Halves may be rounded either way.
    np.testing.assert_allclose(found, wanted, atol=0.51)


def test_a_bright_pixel_spreads_as_computed_by_hand():
    x = np.zeros((1, 3, 3, 1), "uint8")
    x[:, 1, 1] = 200
    found = make("augmentation", "random_blur", sigma=[0.4, 0.4], probability=1).apply(x, np.random.default_rng(0))
    # The kernel is 1 and exp(-1 / 0.32) = 0.0439 at either side: 0.9193 and 0.0404 when they add up to 1.
    assert found[0, ..., 0].tolist() == [[0, 7, 0], [7, 169, 7], [0, 7, 0]]


def test_a_blur_keeps_the_light_and_spreads_it_by_sigma():
    x = np.zeros((1, 41, 41, 1), "uint8")
    x[:, 14:27, 14:27] = 250
    found = make("augmentation", "random_blur", sigma=[3, 3], probability=1).apply(x, np.random.default_rng(0))
    before, after = (picture[0, ..., 0].astype(float) for picture in (x, found))
    assert after.sum() == pytest.approx(before.sum(), rel=0.02)
    squares = np.arange(-20, 21) ** 2
    # Variances add up: that of the square, and 3 x 3.
    spread = [picture.sum(0) @ squares / picture.sum() for picture in (before, after)]
    assert spread[1] - spread[0] == pytest.approx(9, rel=0.05)


@pytest.mark.parametrize("channels", [1, 3])
def test_sigma_0_changes_nothing(channels):
    x = pictures(3, 5, 6, channels)
    found = make("augmentation", "random_blur", sigma=[0, 0], probability=1).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_each_picture_has_its_own_sigma():
    x = np.zeros((200, 9, 9, 1), "uint8")
    x[:, 4, 4] = 255
    found = make("augmentation", "random_blur", sigma=[0.5, 2.0], probability=1).apply(x, np.random.default_rng(0))
    assert len(set(found[:, 4, 4, 0].tolist())) > 50


@pytest.mark.parametrize("sigma", [[2.0, 1.0], [-1, 1], [0, 33], [1.0], 1.0])
def test_a_range_that_is_none_is_refused(sigma):
    with pytest.raises(ValidationError, match="sigma"):
        make("augmentation", "random_blur", sigma=sigma)


@pytest.mark.parametrize("channels", [1, 3])
def test_probability_0_changes_nothing(channels):
    x = pictures(4, 5, 6, channels)
    found = make("augmentation", "random_blur", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_given_share_of_pictures_is_changed():
    x = pictures(1, 4, 4, 3).repeat(2000, axis=0)
    blur = make("augmentation", "random_blur", sigma=[1.0, 2.0], probability=0.3)
    changed = (blur.apply(x, np.random.default_rng(0)) != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041
