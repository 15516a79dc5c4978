import numpy as np
import pytest
from scipy.stats import norm

from tests.helpers import make, pictures


class Draws:
    """A generator that draws the number below which this share of all numbers lies."""

    def __init__(self, share):
        self.share = share

    def integers(self, low, high, size, dtype):
        return np.full(size, low + self.share * (high - low)).astype(dtype)


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_is_added_rounded_and_clipped(channels):
    x = np.array([0, 10, 100, 250], "uint8").reshape(1, 2, 2, 1).repeat(channels, axis=-1)
    noise = make("augmentation", "random_noise", std=4.0)
    # 97.5 % of normal numbers are below 1.96, and 1.96 x 4 = 7.84.
    assert noise.apply(x, Draws(0.975))[0, ..., 0].ravel().tolist() == [8, 18, 108, 255]
    assert noise.apply(x, Draws(0.025))[0, ..., 0].ravel().tolist() == [0, 2, 92, 242]


@pytest.mark.parametrize("std", [0.3, 2.5, 40])
def test_the_noise_is_normal_in_every_quantile(std):
    x = np.full((1, 1, 1, 1), 128, "uint8")
    noise = make("augmentation", "random_noise", std=std)
    for share in (0.001, 0.05, 0.3, 0.5, 0.8, 0.99):
        wanted = np.rint(norm(0, std).ppf(share))
        assert noise.apply(x, Draws(share)).item() - 128 == pytest.approx(wanted)


def test_the_strongest_noise_reaches_both_ends():
    x = np.full((1, 100, 100, 1), 128, "uint8")
    found = make("augmentation", "random_noise", std=128).apply(x, np.random.default_rng(0))
    # One in six is more than a deviation up, as many one down; four standard errors of 10,000 draws are 0.015.
    assert abs((found == 255).mean() - norm.sf(126.5 / 128)) < 0.015
    assert abs((found == 0).mean() - norm.cdf(-127.5 / 128)) < 0.015


def test_the_noise_has_mean_0_and_the_given_deviation():
    x = np.full((20, 50, 50, 3), 128, "uint8")
    found = make("augmentation", "random_noise", std=10).apply(x, np.random.default_rng(0)).astype(float) - 128
    # Four standard errors of 150,000 draws; rounding adds 1/12 to the variance.
    assert abs(found.mean()) < 0.104
    assert abs(found.std() - np.sqrt(100 + 1 / 12)) < 0.074
    assert abs(np.corrcoef(found[..., 0].ravel(), found[..., 1].ravel())[0, 1]) < 0.018
    assert abs(np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]) < 0.047


def test_std_0_changes_nothing():
    x = pictures(4, 5, 6, 3)
    found = make("augmentation", "random_noise", std=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_the_noise_does_not_depend_on_the_pictures():
    noise = make("augmentation", "random_noise", std=5)
    dark, light = (
        noise.apply(np.full((3, 4, 4, 1), grey, "uint8"), np.random.default_rng(0)).astype(int) - grey
        for grey in (100, 150)
    )
    np.testing.assert_array_equal(dark, light)
