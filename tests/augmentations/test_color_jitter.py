import colorsys

import numpy as np
import pytest

from tests.helpers import make, pictures


class Draws:
    """A generator that draws these shares of the largest change: brightness, contrast, saturation, hue."""

    def __init__(self, *draws):
        self.draws, self.asked = draws, None

    def uniform(self, low, high, size):
        self.asked = (low, high, size)
        return np.repeat(np.array(self.draws, dtype=float)[:, None], size[1], axis=1)


def jitter(x, *draws, **parameters):
    # Every change as large as may be, so that a draw is the change itself; hue turns by half of its draw.
    whole = {"brightness": 1, "contrast": 1, "saturation": 1, "hue": 0.5, **parameters}
    return make("augmentation", "color_jitter", **whole).apply(x, Draws(*draws))


def test_all_four_make_the_value_computed_by_hand():
    # Two pixels of luma 116.3 and 50: their mean is 83.15.
    x = np.array([[[[100, 120, 140], [50, 50, 50]]]], "uint8")
    found = jitter(x, 0.1, 0.2, -0.5, 1.0)
    # + 25.5, then 1.2 about the mean luma 108.65, then half the colour, then a half turn about the luma.
    first = 1.2 * (np.array([100, 120, 140]) + 25.5 - 108.65) + 108.65
    luma = first @ [0.299, 0.587, 0.114]
    turned = luma - 0.5 * (first - luma)
    second = 1.2 * (50 + 25.5 - 108.65) + 108.65
    np.testing.assert_array_equal(found[0, 0, 0], np.rint(turned))
    np.testing.assert_array_equal(found[0, 0, 1], np.rint([second] * 3))


@pytest.mark.parametrize("turn", [-0.9, -0.3, 0.2, 2 / 3])
def test_hue_is_a_turn_in_yiq(turn):
    # colorsys has the same space with rounder numbers; pictures of middling colours, so that nothing is clipped.
    x = (pictures(1, 4, 5, 3) // 4 + 96).astype("uint8")
    found = jitter(x, 0, 0, 0, turn)
    angle = np.pi * turn
    for before, after in zip(x.reshape(-1, 3) / 255, found.reshape(-1, 3), strict=True):
        luma, i, q = colorsys.rgb_to_yiq(*before)
        i, q = i * np.cos(angle) - q * np.sin(angle), i * np.sin(angle) + q * np.cos(angle)
        np.testing.assert_allclose(after, 255 * np.array(colorsys.yiq_to_rgb(luma, i, q)), atol=2.5)


def test_hue_keeps_the_luma():
    x = (pictures(2, 6, 6, 3) // 4 + 96).astype("uint8")
    luma = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(jitter(x, 0, 0, 0, 0.37) @ luma, x @ luma, atol=0.6)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_change_changes_nothing(channels):
    x = pictures(3, 7, 5, channels)
    np.testing.assert_array_equal(jitter(x, 0, 0, 0, 0), x)
    off = make("augmentation", "color_jitter", brightness=0, contrast=0, saturation=0, hue=0)
    np.testing.assert_array_equal(off.apply(x, np.random.default_rng(0)), x)


def test_grey_pixels_of_colour_pictures_stay_grey():
    x = np.repeat(pictures(3, 6, 6, 1), 3, axis=-1)
    found = jitter(x, 0.1, 0.3, 0.8, 0.6)
    assert np.ptp(found, axis=-1).max() == 0
    np.testing.assert_array_equal(found[..., :1], jitter(x[..., :1], 0.1, 0.3, 0.8, 0.6))


def test_values_are_clipped_and_never_wrap_around():
    x = np.array([0, 100, 200, 255], "uint8").reshape(1, 1, 4, 1).repeat(3, axis=-1)
    assert jitter(x, 0.5, 0, 0, 0)[0, 0, :, 0].tolist() == [128, 228, 255, 255]
    assert jitter(x, -0.5, 0, 0, 0)[0, 0, :, 0].tolist() == [0, 0, 73, 128]


def test_each_picture_is_drawn_evenly_for_itself():
    rng = Draws(0, 0, 0, 0)
    make("augmentation", "color_jitter").apply(pictures(5, 2, 2, 3), rng)
    assert rng.asked == (-1, 1, (4, 5))
    x = np.full((2000, 1, 1, 3), 128, "uint8")
    found = make("augmentation", "color_jitter", brightness=0.2).apply(x, np.random.default_rng(0))[:, 0, 0, 0]
    assert found.min() == 77
    assert found.max() == 179
    # Four standard errors of the mean of 2,000 even draws from -51 to 51.
    assert abs(found.mean() - 128) < 2.7


def test_a_batch_whose_memory_is_not_in_order_gives_the_same():
    x = pictures(2, 6, 8, 3)
    turned = x.transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(
        jitter(turned, 0.1, 0.2, 0.3, 0.4), jitter(np.ascontiguousarray(turned), 0.1, 0.2, 0.3, 0.4)
    )


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (0, 4, 4, 1), (2, 1, 1, 3), (2, 1, 5, 1)])
def test_batches_of_nothing_and_of_single_pixels_work(shape):
    found = make("augmentation", "color_jitter").apply(pictures(*shape), np.random.default_rng(0))
    assert found.shape == shape
    assert found.dtype == np.uint8
