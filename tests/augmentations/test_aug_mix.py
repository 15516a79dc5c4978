import numpy as np
import pytest

from kerascnn.augmentations.aug_mix import _OPERATIONS, _operation
from kerascnn.augmentations.policy_ops import changed_by
from kerascnn.errors import UsageError
from tests.helpers import make, pictures


class Draws:
    """A generator with these shares of the chains and of all chains together; the rest comes from a true one."""

    def __init__(self, shares, blend, seed=0):
        self.shares, self.blend, self.rng = np.array(shares), blend, np.random.default_rng(seed)
        self.asked = []

    def dirichlet(self, alphas, size):
        self.asked.append(alphas)
        return np.tile(self.shares, (size, 1))

    def beta(self, a, b, size):
        self.asked.append((a, b))
        return np.full(size, self.blend)

    def __getattr__(self, name):
        return getattr(self.rng, name)


def test_the_blend_is_that_of_its_chains():
    x, mix = pictures(6, 16, 16, 3), make("augmentation", "aug_mix", width=2, severity=8.0)
    found = mix.apply(x, Draws([0.3, 0.7], 0.4))
    rng = np.random.default_rng(0)
    one, two = (changed_by(x, mix._chains(6, rng), "zeros").astype(float) for _ in range(2))
    np.testing.assert_allclose(found, 0.6 * x + 0.4 * (0.3 * one + 0.7 * two), atol=0.51)


def test_a_share_of_0_is_the_picture_and_of_1_the_chain_alone():
    x, mix = pictures(6, 16, 16, 3), make("augmentation", "aug_mix", width=1, severity=8.0)
    np.testing.assert_array_equal(mix.apply(x, Draws([1.0], 0.0)), x)
    chain = changed_by(x, mix._chains(6, np.random.default_rng(0)), "zeros")
    np.testing.assert_array_equal(mix.apply(x, Draws([1.0], 1.0)), chain)


def test_shares_come_from_dirichlet_and_beta():
    rng = Draws([0.25] * 4, 0.5)
    make("augmentation", "aug_mix", width=4, alpha=0.5).apply(pictures(2, 8, 8, 3), rng)
    assert rng.asked == [[0.5] * 4, (0.5, 0.5)]


@pytest.mark.parametrize("depth", [[1, 1], [1, 3], [2, 5]])
def test_chains_are_as_long_as_asked(depth):
    chains = make("augmentation", "aug_mix", depth=depth)._chains(300, np.random.default_rng(0))
    assert {len(chain) for chain in chains} == set(range(depth[0], depth[1] + 1))
    assert {operation.name for chain in chains for operation in chain} == set(_OPERATIONS)


@pytest.mark.parametrize(
    ("name", "level", "amount"),
    [
        ("posterize", 0.01, 4),
        ("posterize", 0.3, 3),
        ("posterize", 1.0, 1),
        ("solarize", 0.3, 180),
        ("solarize", 1.0, 0),
        ("rotate", 0.3, 9 / 360),
        ("shear_x", 0.5, 0.15),
        ("translate_y", 0.3, 0.1),
    ],
)
def test_amounts_are_those_of_the_paper(name, level, amount):
    assert _operation(name, level, negative=False).amount == pytest.approx(amount)
    if name not in ("posterize", "solarize"):
        assert _operation(name, level, negative=True).amount == pytest.approx(-amount)


def test_levels_go_from_a_tenth_up_to_the_severity():
    chains = make("augmentation", "aug_mix", severity=4.0)._chains(3000, np.random.default_rng(0))
    turns = [abs(op.amount) * 360 / 30 * 10 for chain in chains for op in chain if op.name == "rotate"]
    assert 0.1 <= min(turns) < 0.2
    assert 3.9 < max(turns) <= 4.0


def test_masks_and_boxes_are_refused():
    mix, x = make("augmentation", "aug_mix"), pictures(1, 4, 4, 3)
    with pytest.raises(UsageError, match="'aug_mix' cannot take masks along"):
        mix.apply_with_masks(x, x[..., 0], np.random.default_rng(0))
    with pytest.raises(UsageError, match="'aug_mix' cannot take boxes along"):
        mix.apply_with_boxes(x, [np.zeros((0, 4), "float32")], np.random.default_rng(0))


def test_pictures_of_one_grey_stay():
    x = np.full((4, 9, 9, 1), 100, "uint8")
    mix = make("augmentation", "aug_mix", fill="edge")
    # All that is left at this severity is to keep 4 bits, which makes 96 of 100.
    found = mix.model_copy(update={"severity": 0.1}).apply(x, np.random.default_rng(0))
    assert np.isin(found, np.arange(96, 101)).all()
