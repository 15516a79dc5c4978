import json

import numpy as np
import pytest

from kerascnn.engine.rate_curve import judge, longest_fall, smooth, too_high

RATES = np.geomspace(1e-7, 1.0, 141)  # twenty to a power of ten


def valley(*, low=1e-4, high=1e-2, level=2.0, bottom=1.0, noise=0.0, up=20.0):
    """Return losses that are level, fall in a straight line between two rates, and then explode."""
    logs = np.log10(RATES)
    fallen = np.clip((logs - np.log10(low)) / (np.log10(high) - np.log10(low)), 0, 1)
    risen = np.maximum(0, logs - np.log10(high) - 0.5)
    drawn = noise * np.random.default_rng(0).standard_normal(len(RATES))
    return level - (level - bottom) * fallen + up * risen**2 + drawn


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_the_suggestion_is_in_the_middle_of_the_fall(noise):
    found = judge(RATES, valley(noise=noise))
    assert 4e-4 < found.suggestion < 4e-3
    assert 1e-4 < found.steepest < 1e-2
    assert "is the middle of this fall" in found.reason


def test_the_height_of_the_losses_does_not_matter():
    one, other = judge(RATES, valley(noise=0.02)), judge(RATES, 1000 * valley(noise=0.02))
    assert one.suggestion == other.suggestion


def test_noise_of_a_flat_beginning_is_no_fall():
    losses = valley(noise=0.05)
    losses[:60] -= np.linspace(0, 0.05, 60)  # falls ever so slightly from the lowest rate on
    assert judge(RATES, losses).suggestion > 4e-4


def test_a_long_tail_at_almost_no_loss_does_not_raise_the_suggestion():
    losses = 2 * valley(low=1e-5, high=1e-4, level=1.0, bottom=1e-3, up=0.0) * np.linspace(1, 0.5, len(RATES))
    assert 1e-5 < judge(RATES, losses).suggestion < 2e-4


def test_a_loss_that_explodes_does_not_hide_the_fall_before_it():
    losses = valley(low=1e-5, high=1e-3)
    found = judge(RATES, np.where(RATES > 2e-3, 1e9, losses))
    assert 3e-5 < found.suggestion < 3e-4
    assert max(found.smoothed) < 2.1


def test_what_comes_after_a_loss_that_is_not_finite_is_left_out():
    losses = valley()
    losses[110:] = [np.nan, *losses[111:]]
    found = judge(RATES, losses)
    assert len(found.rates) == len(found.losses) == len(found.smoothed) == 110
    assert found.suggestion is not None


def test_a_loss_that_still_falls_at_the_last_rate_is_said():
    found = judge(RATES, valley(high=1.0, low=1e-2))
    assert "still falling at the last rate, 1.0e+00" in found.reason
    assert 3e-2 < found.suggestion < 0.3


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_never_finite_suggests_nothing(bad):
    found = judge(RATES, [bad] * len(RATES))
    assert (found.suggestion, found.setting, found.losses) == (None, None, ())
    assert found.reason.startswith("the loss is not a finite number at the rate 1.0e-07 already")


def test_a_loss_that_only_rises_suggests_nothing():
    found = judge(RATES, valley(bottom=2.0, noise=0.01))
    assert found.suggestion is None
    assert found.reason.startswith("the loss does not fall by more than its noise")


def test_noise_alone_suggests_nothing():
    for seed in range(20):
        assert judge(RATES, 2 + 0.3 * np.random.default_rng(seed).standard_normal(len(RATES))).suggestion is None


def test_a_constant_loss_suggests_nothing():
    assert judge(RATES, np.zeros(len(RATES))).suggestion is None


def test_a_few_losses_suggest_nothing():
    assert judge(RATES[:9], valley()[:9]).reason == "9 losses are too few; try 10 rates or more"


def test_the_longest_fall_may_skip_places_in_between():
    assert longest_fall(np.array([9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 10.0])) == (0, 5)
    assert longest_fall(np.array([1.0, 2.0, 3.0])) == (0, 0)
    assert longest_fall(np.array([5.0, 4.0, 6.0, 1.0])) == (0, 3)


def test_of_falls_of_one_length_the_deepest_counts():
    assert longest_fall(np.array([2.0, 1.0, 9.0, 3.0])) == (2, 3)


def test_smoothing_keeps_a_constant_and_moves_nothing_in_time():
    np.testing.assert_allclose(smooth(np.full(50, 3.0)), 3.0)
    dip = np.full(101, 2.0)
    dip[50] = 1.0
    line = smooth(dip)
    assert line.argmin() == 50
    np.testing.assert_allclose(line[40:50], line[60:50:-1], rtol=1e-4)


def test_a_search_ends_where_the_loss_is_four_times_the_best_or_not_finite():
    assert not too_high([1.0] * 20)
    assert not too_high([1.0] * 20 + [4.0])  # the mean is far below
    assert too_high([1.0] * 20 + [30.0])
    assert too_high([1.0, np.nan])
    assert too_high([np.inf])


def test_a_result_is_plain_data_with_the_setting_that_uses_it():
    found = judge(RATES, valley(), stage=2)
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["suggestion"] == found.suggestion
    assert found.setting == f"train.stages.2.learning_rate={found.suggestion:g}"
    assert found.suggestion == float(f"{found.suggestion:.1e}")
