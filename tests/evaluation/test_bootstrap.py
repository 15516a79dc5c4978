import numpy as np
import pytest

from kerascnn.evaluation.bootstrap import interval_of, intervals, mean_defined, resampled, shares, sums_by, times_for


def mean_of(values):
    return lambda counts: {"mean": counts @ values / len(values)}


def test_each_resample_draws_as_many_samples_as_there_are():
    drawn = np.concatenate(list(resampled(50, 300)))
    assert drawn.shape == (300, 50)
    assert (drawn.sum(1) == 50).all()
    # A sample is left out of a resample with probability (1 - 1/50) ** 50.
    assert (drawn == 0).mean() == pytest.approx(0.98**50, abs=0.02)


def test_the_same_seed_draws_the_same_samples_and_another_seed_others():
    one, same, other = (np.concatenate(list(resampled(20, 5, seed))) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_resamples_in_several_parts_are_as_many_as_were_asked_for():
    assert sum(len(part) for part in resampled(300_000, 7)) == 7


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).standard_normal(2000)
    low, high = intervals(mean_of(values), 2000)["mean"]
    half = 1.96 * values.std() / np.sqrt(2000)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        values = rng.exponential(size=60)
        low, high = intervals(mean_of(values), 60, times=300)["mean"]
        held += low <= 1 <= high
    assert 0.87 <= held / 200 <= 0.98


def test_percentiles_are_those_of_what_is_defined():
    assert interval_of(np.arange(41.0)) == [1.0, 39.0]
    assert interval_of(np.array([np.nan, 1.0, 1.0])) == [1.0, 1.0]
    assert interval_of(np.array([np.nan, np.nan, 1.0])) is None


def test_a_figure_that_resamples_mostly_lack_has_no_interval():
    assert intervals(lambda counts: {"x": np.full(len(counts), np.nan)}, 10) == {}


def test_many_numbers_are_drawn_fewer_times():
    assert (times_for(100), times_for(20_000), times_for(100_000), times_for(10**6)) == (1000, 1000, 200, 0)


def test_sums_by_group_are_those_of_the_columns():
    weights = np.array([[1, 2, 3, 4], [0, 1, 0, 5]])
    assert sums_by(weights, np.array([2, 0, 2, 0]), 4).tolist() == [[6, 0, 4, 0], [6, 0, 0, 0]]


def test_shares_of_nothing_are_not_defined_and_means_pass_over_them():
    found = shares(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]]))
    assert found[0, 0] == 0.5
    assert np.isnan(found[0, 1])
    assert mean_defined(found).tolist() == [0.5]
    assert np.isnan(mean_defined(np.full((1, 2), np.nan))[0])
