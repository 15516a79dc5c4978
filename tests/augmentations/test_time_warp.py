import numpy as np
import pytest

from tests.helpers import make, normal

NAN = np.nan


def warped(x, seed=0, **parameters):
    return make("augmentation", "time_warp", **parameters).apply(x, np.random.default_rng(seed))


def ramps(n, length):
    """Return series whose value is the step, so that a warped one says which place each step shows."""
    return np.tile(np.arange(length, dtype="float32")[None, :, None], (n, 1, 1))


@pytest.mark.parametrize("parameters", [{}, {"std": 2.0, "knots": 20}, {"std": 1.0, "knots": 0}], ids=str)
def test_time_never_turns_back_and_keeps_its_ends(parameters):
    found = warped(ramps(50, 100), **parameters)[..., 0]
    assert (np.diff(found, axis=1) >= -1e-4).all()
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-4)
    np.testing.assert_allclose(found[:, -1], 99, atol=1e-3)


def test_speed_changes_smoothly():
    speed = np.diff(warped(ramps(50, 1000))[..., 0], axis=1)
    assert np.abs(np.diff(speed, axis=1)).max() < 0.05
    assert speed.std(axis=1).min() > 0.01


def test_a_spread_of_0_changes_nothing():
    x = normal(3, 40, 2)
    np.testing.assert_allclose(warped(x, std=0), x, atol=1e-4)


def test_without_knots_the_logarithm_of_the_speed_is_a_line():
    speed = np.diff(warped(ramps(5, 2000), knots=0, std=0.5)[..., 0], axis=1)
    step = np.diff(np.log(speed), axis=1)
    assert np.abs(step - step.mean(axis=1, keepdims=True)).max() < 0.01


def test_all_channels_are_warped_alike():
    x = normal(4, 60, 1).repeat(3, axis=-1)
    found = warped(x)
    np.testing.assert_array_equal(found[..., 0], found[..., 2])


def test_each_series_has_a_warp_of_its_own():
    found = warped(ramps(8, 50))
    assert len({row.tobytes() for row in found}) == 8


def test_a_shorter_series_is_warped_within_its_own_length():
    x = ramps(20, 30)
    x[:, 12:] = NAN
    found = warped(x)[..., 0]
    assert np.isnan(found[:, 12:]).all()
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-5)
    np.testing.assert_allclose(found[:, 11], 11, atol=1e-4)


def test_missing_steps_move_with_time():
    x = ramps(200, 100)
    x[:, 40:50] = NAN
    missing = np.isnan(warped(x)[..., 0])
    assert 8 < missing.sum(axis=1).mean() < 13
    firsts = missing.argmax(axis=1)
    assert firsts.min() < 38 < 42 < firsts.max()


def test_what_a_warped_series_shows_lies_between_the_neighbours():
    x = normal(6, 50, 1)
    found = warped(x)
    assert found.min() >= x.min() - 1e-5
    assert found.max() <= x.max() + 1e-5
