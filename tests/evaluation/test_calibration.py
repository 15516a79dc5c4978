import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from kerascnn.evaluation.calibration import calibration, fit_temperature, reliability, tempered


def drawn(temperature, n=20_000, classes=4, seed=0):
    """Return class numbers drawn from softmax(z), and answers softmax(z * T): too sure by a known temperature."""
    rng = np.random.default_rng(seed)
    z = 1.5 * rng.standard_normal((n, classes))
    p = softmax(z, axis=1)
    truth = (p.cumsum(1) < rng.random((n, 1))).sum(1).clip(max=classes - 1)
    return truth, softmax(z * temperature, axis=1)


def drawn_sets(temperature, n=10_000, seed=0):
    rng = np.random.default_rng(seed)
    z = 2 * rng.standard_normal((n, 3))
    return (rng.random((n, 3)) < expit(z)).astype("uint8"), expit(z * temperature)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature):
    assert fit_temperature(*drawn(temperature), "softmax") == pytest.approx(temperature, rel=0.03)
    assert fit_temperature(*drawn_sets(temperature), "sigmoid") == pytest.approx(temperature, rel=0.04)


def test_the_temperature_has_the_lowest_cross_entropy():
    truth, p = drawn(2.5, n=2000)
    best = fit_temperature(truth, p, "softmax")
    losses = [log_loss(truth, tempered(p, best * factor, "softmax")) for factor in (0.95, 1, 1.05)]
    assert losses[1] == min(losses)


def test_the_temperature_gives_the_probabilities_back():
    _, p = drawn(2.5, n=50)
    rng = np.random.default_rng(0)
    wanted = softmax(1.5 * rng.standard_normal((50, 4)), axis=1)
    np.testing.assert_allclose(tempered(p, 2.5, "softmax"), wanted, rtol=1e-4, atol=1e-6)


def test_a_temperature_changes_no_answer_and_keeps_a_probability_of_zero_finite():
    p = np.array([[1.0, 0.0], [0.3, 0.7]])
    found = tempered(p, 3.0, "softmax")
    assert np.isfinite(found).all()
    assert (found.argmax(1) == p.argmax(1)).all()
    assert np.isfinite(tempered(p, 3.0, "sigmoid")).all()


def test_the_calibration_error_after_the_temperature_is_small():
    truth, p = drawn(2.5)
    before = calibration(truth, p, "softmax")
    after = calibration(truth, tempered(p, fit_temperature(truth, p, "softmax"), "softmax"), "softmax")
    assert before["ece"] > 0.1
    assert after["ece"] < 0.02
    assert after["nll"] < before["nll"]


def test_figures_of_calibration_by_hand():
    # Two answers in the range to 0.6, of which one is right; one at 0.9, right.
    p, truth = np.array([[0.58, 0.42], [0.56, 0.44], [0.1, 0.9]]), np.array([0, 1, 1])
    found = calibration(truth, p, "softmax")
    assert [(row["samples"], row["confidence"], row["right"]) for row in found["bins"]] == [
        (2, pytest.approx(0.57), 0.5),
        (1, pytest.approx(0.9), 1.0),
    ]
    assert found["ece"] == pytest.approx((2 * 0.07 + 0.1) / 3)
    assert found["mce"] == pytest.approx(0.1)
    assert found["brier"] == pytest.approx((2 * 0.42**2 + 2 * 0.56**2 + 2 * 0.1**2) / 3)
    assert found["nll"] == pytest.approx(log_loss(truth, p))


def test_the_curve_and_the_score_of_single_classes_are_those_of_scikit_learn():
    truth, p = drawn_sets(2.0, n=3000)
    found = calibration(truth, p, "sigmoid")
    right, said = calibration_curve(truth.ravel(), p.ravel(), n_bins=15)
    np.testing.assert_allclose([row["right"] for row in found["bins"]], right)
    np.testing.assert_allclose([row["confidence"] for row in found["bins"]], said)
    assert found["brier"] == pytest.approx(brier_score_loss(truth.ravel(), p.ravel()))
    assert found["nll"] == pytest.approx(log_loss(truth.ravel(), p.ravel()))


def test_confidences_of_0_and_1_have_their_ranges():
    rows = reliability(np.array([0.0, 1.0]), np.array([False, True]), bins=10)
    assert [(row["low"], row["high"]) for row in rows] == [(0.0, 0.1), (0.9, 1.0)]
