import numpy as np
import pytest

from kerascnn.evaluation.thresholds import recommended, risk


def planted(n=1000, seed=0):
    """Return confidences c and answers that are right with probability c."""
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.4, 1, n)
    return sure, rng.random(n) < sure


def test_the_risk_by_hand():
    found = risk(np.array([0.9, 0.6, 0.9, 0.7]), np.array([True, False, False, True]))
    assert found.thresholds.tolist() == [0.9, 0.7, 0.6]
    assert found.coverage.tolist() == [0.5, 0.75, 1.0]
    assert found.error.tolist() == pytest.approx([1 / 2, 1 / 3, 2 / 4])


@pytest.mark.parametrize(
    ("threshold", "wanted"), [(0.95, (0.0, None)), (0.9, (0.5, 0.5)), (0.8, (0.5, 0.5)), (0.1, (1.0, 0.5))]
)
def test_coverage_and_error_at_a_threshold(threshold, wanted):
    assert risk(np.array([0.9, 0.6, 0.9, 0.7]), np.array([True, False, False, True])).at(threshold) == wanted


def test_the_recommended_threshold_is_the_smallest_with_half_the_error():
    sure, right = planted()
    found = recommended(risk(sure, right))
    answered = sure >= found["threshold"]
    assert found["coverage"] == pytest.approx(answered.mean())
    assert found["error"] == pytest.approx(1 - right[answered].mean())
    assert found["error"] <= (1 - right.mean()) / 2 == found["wished_error"]
    lower = np.sort(sure[~answered])[::-1]
    assert all(1 - right[sure >= threshold].mean() > found["wished_error"] for threshold in lower)


def test_a_wished_error_that_all_answers_have_answers_all():
    assert recommended(risk(*planted()), 0.9)["coverage"] == 1.0


def test_a_wished_error_that_only_a_few_answers_have_is_refused():
    sure = np.linspace(0.5, 1, 100)
    right = np.arange(100) >= 90
    assert recommended(risk(sure, right), 0.01) is None


def test_the_curve_is_short_and_ends_with_all_samples():
    curve = risk(*planted()).curve()
    assert len(curve) == 100
    assert curve[-1]["coverage"] == 1.0
    assert [point["threshold"] for point in curve] == sorted((point["threshold"] for point in curve), reverse=True)
    assert len(risk(np.array([0.5, 0.5]), np.array([True, True])).curve()) == 1
