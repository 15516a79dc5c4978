from collections import Counter

import numpy as np
import pytest

from kerascnn.augmentations.policy_ops import OPERATIONS
from tests.helpers import make, pictures


def drawn(n=4000, seed=0, **parameters):
    return make("augmentation", "rand_augment", **parameters).chosen(n, np.random.default_rng(seed))


@pytest.mark.parametrize("num_ops", [1, 2, 5])
def test_each_picture_gets_that_many_operations(num_ops):
    assert {len(own) for own in drawn(50, num_ops=num_ops)} == {num_ops}


def test_all_14_operations_are_as_frequent():
    counts = Counter(operation.name for own in drawn() for operation in own)
    assert set(counts) == set(OPERATIONS)
    # Five standard deviations of 8,000 draws of which one in 14 hits.
    assert all(abs(count - 8000 / 14) < 5 * 23 for count in counts.values())


def test_places_in_the_chain_are_drawn_on_their_own():
    assert len({tuple(operation.name for operation in own) for own in drawn()}) == 14 * 14


@pytest.mark.parametrize(
    ("magnitude", "name", "amounts"),
    [
        (30.0, "rotate", {30 / 360, -30 / 360}),
        (30.0, "shear_x", {0.3, -0.3}),
        (30.0, "translate_y", {150 / 331, -150 / 331}),
        (30.0, "brightness", {1.9, 0.1}),
        (15.0, "color", {1.45, 0.55}),
        (30.0, "posterize", {4}),
        (0.0, "posterize", {8}),
        (15.0, "posterize", {6}),
        (30.0, "solarize", {0}),
        (0.0, "solarize", {255}),
        (10.0, "solarize", {170}),
        (9.0, "sharpness", {1.27, 0.73}),
    ],
)
def test_amounts_are_those_of_the_magnitude(magnitude, name, amounts):
    found = {op.amount for own in drawn(500, magnitude=magnitude) for op in own if op.name == name}
    np.testing.assert_allclose(sorted(found), sorted(amounts))


def test_either_direction_is_as_frequent():
    turns = [op.amount > 0 for own in drawn(magnitude=10.0) for op in own if op.name == "rotate"]
    assert abs(np.mean(turns) - 0.5) < 0.1


def test_magnitude_0_leaves_all_but_histograms():
    x = pictures(60, 20, 20, 3) // 2 + 20  # fewer pixels are not equalized
    policy = make("augmentation", "rand_augment", num_ops=1, magnitude=0.0)
    found = policy.apply(x, np.random.default_rng(0))
    for before, after, (operation,) in zip(x, found, policy.chosen(60, np.random.default_rng(0)), strict=True):
        assert np.array_equal(before, after) != (operation.name in ("autocontrast", "equalize")), operation
