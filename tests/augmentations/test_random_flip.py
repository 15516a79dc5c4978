import numpy as np
import pytest

from tests.helpers import make, pictures

FLIPS = {
    "horizontal": lambda x: x[:, :, ::-1],
    "vertical": lambda x: x[:, ::-1],
    "both": lambda x: x[:, ::-1, ::-1],
}


@pytest.mark.parametrize("mode", FLIPS)
def test_a_sure_flip_is_the_array_reversed(mode):
    x = pictures(3, 4, 6, 3)
    found = make("augmentation", "random_flip", mode=mode, probability=1.0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, FLIPS[mode](x))


def test_probability_0_leaves_all_as_it_is():
    x = pictures(3, 4, 6, 3)
    found = make("augmentation", "random_flip", mode="both", probability=0.0).apply(x, np.random.default_rng(0))
    np.testing.assert_array_equal(found, x)


def test_each_picture_is_flipped_or_left_with_the_chance_that_is_given():
    x = pictures(2000, 1, 2, 1)
    x[:, 0, 0], x[:, 0, 1] = 0, 255
    found = make("augmentation", "random_flip", probability=0.3).apply(x, np.random.default_rng(0))
    # Four standard deviations of 2,000 draws are 0.041.
    assert abs((found[:, 0, 0, 0] == 255).mean() - 0.3) < 0.041
    assert set(found.sum((1, 2, 3)).tolist()) == {255}


def test_both_draws_for_each_mirroring_on_its_own():
    x = np.arange(4, dtype="uint8").reshape(1, 2, 2, 1).repeat(400, axis=0)
    found = make("augmentation", "random_flip", mode="both").apply(x, np.random.default_rng(0))
    kinds, counts = np.unique(found[:, 0, 0, 0], return_counts=True)
    assert kinds.tolist() == [0, 1, 2, 3]
    assert counts.min() > 65
