import numpy as np
import pytest
from scipy.special import softmax

from kerascnn.evaluation.conformal import fewest, lowest_probability, members, widest_residual, within


def drawn(n, rng):
    z = 2 * rng.standard_normal((n, 5))
    p = softmax(z, axis=1)
    # The answers are off, as a network's are: sets hold the right class all the same.
    return (p.cumsum(1) < rng.random((n, 1))).sum(1).clip(max=4), softmax(3 * z, axis=1)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_of_new_samples_hold_the_right_class_as_often_as_was_asked(coverage):
    rng, held = np.random.default_rng(0), []
    for _ in range(40):
        lowest = lowest_probability(*drawn(500, rng), coverage)
        truth, p = drawn(500, rng)
        held.append(members(p, lowest)[np.arange(500), truth].mean())
    assert np.mean(held) == pytest.approx(coverage, abs=0.015)


def test_the_lowest_probability_by_hand():
    # Of nine samples the (9 + 1) * 0.8 = 8th highest probability of the right class.
    p = np.array([[q, 1 - q] for q in np.arange(1, 10) / 10])
    assert lowest_probability(np.zeros(9, int), p, 0.8) == pytest.approx(0.2)


def test_too_few_samples_are_refused():
    assert (fewest(0.9), fewest(0.95), fewest(0.5)) == (9, 19, 1)
    p = np.full((8, 2), 0.5)
    with pytest.raises(ValueError, match=r"a coverage of 0\.9 needs 9 samples"):
        lowest_probability(np.zeros(8, int), p, 0.9)
    assert lowest_probability(np.zeros(9, int), np.full((9, 2), 0.5), 0.9) == 0.5


def test_no_set_is_empty():
    assert members(np.array([[0.4, 0.35, 0.25]]), 0.9).tolist() == [[True, False, False]]
    assert members(np.array([[0.4, 0.35, 0.25]]), 0.3).tolist() == [[True, True, False]]


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_ranges_of_new_samples_hold_each_number_as_often_as_was_asked(coverage):
    rng, held = np.random.default_rng(0), []
    for _ in range(40):
        # Two numbers with errors of different sizes, one of them askew.
        errors = np.stack([rng.standard_normal(1000), rng.exponential(5, 1000)], axis=1)
        widest = widest_residual(np.zeros((500, 2)), errors[:500], coverage)
        held.append(within(np.zeros((500, 2)), errors[500:], widest).mean(0))
    assert np.mean(held, axis=0) == pytest.approx([coverage] * 2, abs=0.015)


def test_the_widest_residual_by_hand():
    # Of nine samples the (9 + 1) * 0.8 = 8th smallest distance, for each number by itself.
    errors = np.stack([np.arange(1.0, 10), -np.arange(10.0, 100, 10)], axis=1)
    assert widest_residual(np.full((9, 2), 3.0), errors + 3, 0.8).tolist() == [8.0, 80.0]
    assert within(np.zeros((1, 2)), np.array([[8.0, -80.1]]), np.array([8.0, 80.0])).tolist() == [[True, False]]


def test_ranges_of_too_few_samples_are_refused():
    with pytest.raises(ValueError, match=r"a coverage of 0\.9 needs 9 samples"):
        widest_residual(np.zeros((8, 1)), np.zeros((8, 1)), 0.9)
