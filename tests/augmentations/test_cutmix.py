import numpy as np
import pytest

from tests.helpers import make, pictures


class Draws:
    """A generator that chooses everything, swaps two pictures, and draws this area that stays and these centres."""

    def __init__(self, stays, down=0.5, across=0.5):
        self.stays, self.centres, self.asked = stays, np.array([[down] * 2, [across] * 2]), None

    def random(self, size):
        return self.centres if size == (2, 2) else np.zeros(2)

    def permutation(self, n):
        return np.array([1, 0])

    def beta(self, a, b, size):
        self.asked = (a, b, size)
        return np.full(2, self.stays)


def mixed(draws, height=8, width=12):
    x = np.repeat(np.array([10, 200], "uint8"), height * width).reshape(2, height, width, 1)
    return make("augmentation", "cutmix", probability=1.0).mix(x, np.eye(2, dtype="float32"), draws)


def test_a_quarter_is_half_of_each_side_about_the_middle():
    images, targets = mixed(Draws(0.75))
    wanted = np.full((8, 12), 10)
    wanted[2:6, 3:9] = 200
    np.testing.assert_array_equal(images[0, ..., 0], wanted)
    np.testing.assert_array_equal(images[1, ..., 0], 210 - wanted)
    assert targets.tolist() == [[0.75, 0.25], [0.25, 0.75]]


def test_what_reaches_beyond_is_cut_off_and_counts_for_nothing():
    # A rectangle 4 x 6 about the corner: a quarter of it is there.
    images, targets = mixed(Draws(0.75, 0.0, 0.0))
    assert (images[0, :2, :3] == 200).all()
    assert (images[0] == 200).sum() == 6
    assert targets[0, 1] == 6 / 96


@pytest.mark.parametrize("seed", range(5))
def test_the_share_of_the_target_is_exactly_that_of_the_pixels(seed):
    x = np.repeat(np.arange(6, dtype="uint8"), 13 * 17).reshape(6, 13, 17, 1)
    cutmix = make("augmentation", "cutmix", probability=1.0)
    images, targets = cutmix.mix(x, np.eye(6, dtype="float32"), np.random.default_rng(seed))
    for i in range(6):
        shares = np.bincount(images[i].ravel(), minlength=6) / (13 * 17)
        np.testing.assert_allclose(targets[i], shares, atol=1e-7)


def test_nothing_and_all_are_shares_too():
    x = pictures(2, 6, 6, 3)
    y = np.eye(2, dtype="float32")
    none, targets = make("augmentation", "cutmix", probability=1.0).mix(x, y, Draws(1.0))
    np.testing.assert_array_equal(none, x)
    assert targets.tolist() == y.tolist()
    all_, targets = make("augmentation", "cutmix", probability=1.0).mix(x, y, Draws(0.0))
    np.testing.assert_array_equal(all_, x[::-1])
    assert targets.tolist() == y[::-1].tolist()


def test_a_picture_that_is_not_chosen_stays_with_its_target():
    x, y = pictures(4, 6, 6, 3), np.eye(4, dtype="float32")
    images, targets = make("augmentation", "cutmix", probability=0.0).mix(x, y, np.random.default_rng(0))
    np.testing.assert_array_equal(images, x)
    np.testing.assert_array_equal(targets, y)


def test_each_picture_draws_its_area_from_the_beta_distribution():
    rng = Draws(0.5)
    mixed(rng)
    assert rng.asked == (1.0, 1.0, 2)


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (1, 4, 4, 3), (3, 1, 1, 5)])
def test_batches_of_nothing_and_of_one_work(shape):
    y = np.eye(4, dtype="float32")[: shape[0]]
    images, targets = make("augmentation", "cutmix").mix(pictures(*shape), y, np.random.default_rng(0))
    assert images.shape == shape
    assert targets.shape == y.shape
