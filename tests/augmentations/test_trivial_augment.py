from collections import Counter

import numpy as np
import pytest

from kerascnn.augmentations.policy_ops import OPERATIONS
from tests.helpers import make, pictures


def drawn(n=8000, seed=0):
    return make("augmentation", "trivial_augment").chosen(n, np.random.default_rng(seed))


def amounts(name):
    return [operation.amount for (operation,) in drawn() if operation.name == name]


def test_each_picture_gets_one_operation_and_all_14_are_as_frequent():
    counts = Counter(operation.name for (operation,) in drawn())
    assert set(counts) == set(OPERATIONS)
    # Five standard deviations of 8,000 draws of which one in 14 hits.
    assert all(abs(count - 8000 / 14) < 5 * 23 for count in counts.values())


@pytest.mark.parametrize(
    ("name", "low", "high", "values"),
    [
        # 31 strengths, both ways, and one 0 for both.
        ("rotate", -0.375, 0.375, 61),
        ("shear_y", -0.99, 0.99, 61),
        ("translate_x", -1 / 7, 1 / 7, 61),
        ("contrast", 0.01, 1.99, 61),
        ("posterize", 2, 8, 7),
        ("solarize", 0, 255, 31),
    ],
)
def test_strengths_are_drawn_from_the_whole_of_the_wide_space(name, low, high, values):
    found = np.unique(np.round(amounts(name), 9))
    np.testing.assert_allclose([found[0], found[-1]], [low, high], atol=1e-8)
    assert len(found) == values


def test_strengths_are_drawn_evenly():
    found = np.array(amounts("solarize"))
    assert abs(found.mean() - 127.5) < 4 * 76 / np.sqrt(len(found))


def test_a_picture_whose_operation_is_identity_stays():
    x = pictures(60, 6, 6, 3)
    found = make("augmentation", "trivial_augment").apply(x, np.random.default_rng(0))
    still = [i for i, (operation,) in enumerate(drawn(60)) if operation.name == "identity"]
    assert still
    np.testing.assert_array_equal(found[still], x[still])
