import numpy as np
import pytest

from tests.helpers import make, pictures


class Draws:
    """A generator that chooses everything, pairs the batch by this order, and draws these shares."""

    def __init__(self, order, *shares, chances=None):
        self.order, self.shares, self.asked = np.array(order), np.array(shares), None
        self.chances = np.zeros(len(order)) if chances is None else np.array(chances)

    def random(self, n):
        return self.chances

    def permutation(self, n):
        return self.order

    def beta(self, a, b, size):
        self.asked = (a, b, size)
        return self.shares


def test_a_blend_is_that_computed_by_hand():
    x = np.array([[100, 0], [200, 255]], "uint8").reshape(2, 1, 2, 1)
    images, targets = make("augmentation", "mixup").mix(x, np.eye(2, dtype="float32"), Draws([1, 0], 0.75, 0.5))
    assert images[0].ravel().tolist() == [125, 64]  # 63.75
    assert images[1].ravel().tolist() == [150, 128]  # 127.5
    assert targets.tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert targets.dtype == np.float32


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.998, 1.0])
def test_the_blend_is_the_rounded_one_of_the_share_in_the_target(share):
    x = pictures(2, 16, 16, 3)
    images, targets = make("augmentation", "mixup").mix(x, np.eye(2, dtype="float32"), Draws([1, 0], share, 1.0))
    exact = targets[0, 0] * x[0].astype(float) + targets[0, 1] * x[1]
    np.testing.assert_array_equal(images[0], np.floor(exact + 0.5))
    np.testing.assert_array_equal(images[1], x[1])
    assert abs(targets[0, 0] - share) <= 1 / 512


def test_a_picture_that_is_not_chosen_stays_with_its_target():
    x, y = pictures(2, 4, 4, 3), np.eye(2, dtype="float32")
    rng = Draws([1, 0], 0.5, 0.5, chances=[0.7, 0.2])
    images, targets = make("augmentation", "mixup", probability=0.5).mix(x, y, rng)
    np.testing.assert_array_equal(images[0], x[0])
    assert targets.tolist() == [[1, 0], [0.5, 0.5]]


def test_a_picture_paired_with_itself_stays():
    x, y = pictures(2, 4, 4, 3), np.array([[0.3, 0.7], [1, 0]], "float32")
    images, targets = make("augmentation", "mixup").mix(x, y, Draws([0, 1], 0.5, 0.5))
    np.testing.assert_array_equal(images, x)
    np.testing.assert_allclose(targets, y, atol=1e-6)


def test_each_picture_draws_its_share_from_the_beta_distribution():
    rng = Draws([1, 2, 0], 0.5, 0.5, 0.5)
    make("augmentation", "mixup", alpha=0.4).mix(pictures(3, 2, 2, 1), np.eye(3, dtype="float32"), rng)
    assert rng.asked == (0.4, 0.4, 3)


def test_targets_of_several_classes_mix_as_well():
    y = np.array([[1, 1, 0], [0, 0, 0]], "float32")
    _, targets = make("augmentation", "mixup").mix(pictures(2, 2, 2, 1), y, Draws([1, 0], 0.75, 0.75))
    assert targets.tolist() == [[0.75, 0.75, 0], [0.25, 0.25, 0]]


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (1, 4, 4, 3), (3, 1, 1, 5)])
def test_batches_of_nothing_and_of_one_work(shape):
    n = shape[0]
    y = np.eye(max(n, 1), dtype="float32")[:n]
    images, targets = make("augmentation", "mixup").mix(pictures(*shape), y, np.random.default_rng(0))
    assert images.shape == shape
    assert targets.shape == y.shape
    if n == 1:
        np.testing.assert_array_equal(images, pictures(*shape))
