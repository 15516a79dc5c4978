import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from kerascnn.errors import UsageError
from kerascnn.spec.warp import warp_by_field, warp_masks_by_field
from tests.helpers import make, pictures


def fields(n, height, width, seed=0, **parameters):
    return make("augmentation", "random_elastic", **parameters).fields(n, height, width, np.random.default_rng(seed))


@pytest.mark.parametrize(("height", "width"), [(40, 60), (60, 40), (7, 5)])
def test_the_root_mean_square_of_the_shift_is_alpha_of_the_shorter_side(height, width):
    found = fields(3, height, width, alpha=0.05)
    assert found.shape == (3, 2, height, width)
    np.testing.assert_allclose(np.sqrt((found**2).mean(axis=(2, 3))), 0.05 * min(height, width))


@pytest.mark.parametrize("sigma", [0.03, 0.1])
def test_the_field_is_as_smooth_as_noise_under_that_gaussian(sigma):
    # Noise under a Gaussian is correlated by exp(-d^2 / 4 sigma^2): 0.78 at a distance of one sigma, 0.37 at two.
    found = fields(200, 100, 100, sigma=sigma)
    step = int(100 * sigma)
    for axis in (2, 3):
        # Only the middle: the correlation that is meant is that before each field is brought to its strength.
        one, two = (np.take(found, 30 + far * step, axis) for far in (1, 2))
        start = np.take(found, 30, axis)
        scale = (start**2).mean()
        assert abs((start * one).mean() / scale - np.exp(-0.25)) < 0.05
        assert abs((start * two).mean() / scale - np.exp(-1)) < 0.08


def test_the_field_is_as_strong_at_the_border_as_in_the_middle():
    found = fields(400, 50, 50, sigma=0.1)
    strength = np.sqrt((found**2).mean(axis=(0, 1)))
    assert strength.min() > 0.85 * strength.mean()
    assert strength.max() < 1.15 * strength.mean()


def test_another_gaussian_hardly_changes_a_field_that_is_smooth_already():
    found = fields(1, 80, 80, sigma=0.2)[0, 0]
    again = gaussian_filter1d(gaussian_filter1d(found, 2, axis=0), 2, axis=1)
    assert np.abs(found - again)[10:-10, 10:-10].max() < 0.1 * np.abs(found).max()


def test_each_picture_and_each_side_has_a_field_of_its_own():
    found = fields(3, 20, 20).reshape(6, -1)
    assert np.abs(np.corrcoef(found) - np.eye(6)).max() < 0.6
    assert len({row.tobytes() for row in found}) == 6


@pytest.mark.parametrize("fill", ["zeros", "reflect", "edge"])
def test_the_picture_is_resampled_by_its_field(fill):
    x, elastic = pictures(2, 30, 20, 3), make("augmentation", "random_elastic", alpha=0.1, fill=fill)
    field = elastic.fields(2, 30, 20, np.random.default_rng(3))
    np.testing.assert_array_equal(elastic.apply(x, np.random.default_rng(3)), warp_by_field(x, field, fill))


def test_masks_bend_with_their_pictures():
    x, masks = pictures(2, 30, 20, 3), pictures(2, 30, 20) % 3
    elastic = make("augmentation", "random_elastic", alpha=0.1)
    images, moved = elastic.apply_with_masks(x, masks, np.random.default_rng(3))
    field = elastic.fields(2, 30, 20, np.random.default_rng(3))
    np.testing.assert_array_equal(images, elastic.apply(x, np.random.default_rng(3)))
    np.testing.assert_array_equal(moved, warp_masks_by_field(masks, field))
    assert (moved == 255).any()


def test_boxes_are_refused():
    with pytest.raises(UsageError, match="'random_elastic' cannot take boxes along"):
        make("augmentation", "random_elastic").apply_with_boxes(pictures(1, 4, 4, 1), [], np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (2, 1, 1, 3), (2, 1, 9, 1), (2, 9, 2, 4)])
@pytest.mark.parametrize("sigma", [0.01, 1.0])
def test_batches_of_nothing_and_of_single_pixels_work(shape, sigma):
    found = make("augmentation", "random_elastic", sigma=sigma).apply(pictures(*shape), np.random.default_rng(0))
    assert found.shape == shape
    assert found.dtype == np.uint8
