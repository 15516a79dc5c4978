import numpy as np
from PIL import Image

from tests.helpers import make, pictures


def test_the_grey_is_the_luma_computed_by_hand():
    x = np.array([[100, 120, 140], [255, 0, 0], [0, 255, 0], [0, 0, 255]], "uint8").reshape(1, 2, 2, 3)
    found = make("augmentation", "random_grayscale", probability=1).apply(x, np.random.default_rng(0))
    # 0.299 R + 0.587 G + 0.114 B: 116.3, 76.2, 149.7, 29.1
    assert found[..., 0].ravel().tolist() == [116, 76, 150, 29]
    assert np.ptp(found, axis=-1).max() == 0


def test_it_is_the_grey_of_pillow():
    x = pictures(3, 7, 9, 3)
    found = make("augmentation", "random_grayscale", probability=1).apply(x, np.random.default_rng(0))
    for before, after in zip(x, found, strict=True):
        np.testing.assert_array_equal(after, np.asarray(Image.fromarray(before).convert("L").convert("RGB")))


def test_probability_0_changes_nothing():
    x = pictures(4, 5, 6, 3)
    found = make("augmentation", "random_grayscale", probability=0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_grey_pictures_stay_as_they_are():
    grey = pictures(4, 5, 6, 1)
    grayscale = make("augmentation", "random_grayscale", probability=1)
    for x in (grey, grey.repeat(3, axis=-1)):
        np.testing.assert_array_equal(grayscale.apply(x, np.random.default_rng(0)), x)


def test_the_given_share_of_pictures_loses_its_colour():
    x = pictures(1, 2, 2, 3).repeat(2000, axis=0)
    found = make("augmentation", "random_grayscale", probability=0.3).apply(x, np.random.default_rng(0))
    changed = (found != x).any((1, 2, 3))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs(changed.mean() - 0.3) < 0.041
