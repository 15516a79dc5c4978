import math

import keras
import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from kerascnn.nn.classification_loss import ClassificationLoss
from tests.helpers import normal, numpy
from tests.nn.gradients import gradient

WEIGHTS = [0.5, 3.0, 1.25]
P = softmax(normal(9, 3), axis=1)
Y = np.eye(3, dtype="float32")[[0, 1, 2, 2, 1, 0, 0, 0, 1]]
MIXED = (0.7 * Y + 0.3 * Y[::-1]).astype("float32")


def by_hand(y, p, gamma=0.0, weights=(1, 1, 1), smoothing=0.0):
    y = np.asarray(y, "float64") * (1 - smoothing) + smoothing / 3
    p = np.asarray(p, "float64")
    return -(y * weights * (1 - p) ** gamma * np.log(p)).sum(1)


def test_it_is_the_cross_entropy():
    assert float(ClassificationLoss()(Y, P)) == pytest.approx(log_loss(Y.argmax(1), P), rel=1e-5)


def test_weights_weigh_as_those_of_scikit_learns_samples_do():
    truth = Y.argmax(1)
    weights = np.array(WEIGHTS)[truth]
    # Theirs is divided by the weights, ours by the samples.
    wanted = log_loss(truth, P, sample_weight=weights) * weights.mean()
    assert float(ClassificationLoss(weights=WEIGHTS)(Y, P)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("y", [Y, MIXED], ids=["one-hot", "mixed"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_it_is_the_sum_over_the_classes(y, smoothing, weights, gamma):
    loss = ClassificationLoss(gamma, weights, smoothing)
    wanted = by_hand(y, P, gamma, weights or [1, 1, 1], smoothing)
    np.testing.assert_allclose(numpy(loss.call(y, P)), wanted, rtol=2e-5)
    assert float(loss(y, P)) == pytest.approx(wanted.mean(), rel=2e-5)


@pytest.mark.parametrize("weights", [1.0, WEIGHTS])
def test_focal_agrees_with_keras(weights):
    theirs = keras.losses.CategoricalFocalCrossentropy(alpha=weights, gamma=1.5, label_smoothing=0.1)
    ours = ClassificationLoss(1.5, None if weights == 1.0 else weights, 0.1)
    assert float(ours(MIXED, P)) == pytest.approx(float(theirs(MIXED, P)), rel=1e-5)


def test_the_loss_of_a_mixture_is_the_mixture_of_the_losses():
    loss = ClassificationLoss(2.0, WEIGHTS, 0.1)
    parts = 0.7 * numpy(loss.call(Y, P)) + 0.3 * numpy(loss.call(Y[::-1].copy(), P))
    np.testing.assert_allclose(numpy(loss.call(MIXED, P)), parts, rtol=1e-5)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("y", [Y, MIXED], ids=["one-hot", "mixed"])
def test_the_gradient_of_weighted_cross_entropy_is_that_of_the_formula(y, xla):
    logits = normal(9, 3, seed=5)
    shares = (y * 0.9 + 0.1 / 3) * WEIGHTS
    # The gradient of -sum(t log softmax) is sum(t) softmax - t: t does not sum to 1.
    wanted = shares.sum(1, keepdims=True) * softmax(logits, axis=1) - shares
    found = gradient(ClassificationLoss(weights=WEIGHTS, label_smoothing=0.1), y, logits, "softmax", xla)
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_the_gradient_of_focal_loss_is_that_of_the_formula():
    logits, step = normal(9, 3, seed=5).astype("float64"), 1e-5
    wanted = np.zeros_like(logits)
    for j in range(3):
        up, down = logits.copy(), logits.copy()
        up[:, j] += step
        down[:, j] -= step
        high, low = (by_hand(MIXED, softmax(x, axis=1), 2.0, WEIGHTS) for x in (up, down))
        wanted[:, j] = (high - low) / (2 * step)
    found = gradient(ClassificationLoss(2.0, WEIGHTS), MIXED, logits.astype("float32"), "softmax")
    np.testing.assert_allclose(found, wanted, atol=5e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_answers_of_0_and_1_have_a_finite_loss_and_gradient(gamma):
    logits = np.array([[200, -200, 0], [-200, 200, 0], [0, 0, 0]], "float32")
    loss = ClassificationLoss(gamma, WEIGHTS)
    y = np.eye(3, dtype="float32")[[0, 0, 2]]
    assert np.isfinite(float(loss(y, softmax(logits, axis=1))))
    assert np.isfinite(gradient(loss, y, logits, "softmax")).all()


# Keras's cross-entropy goes back to the logits on TensorFlow alone; elsewhere it stands still below 1e-7.
@pytest.mark.parametrize("gamma", [2.0, *([0.0] if keras.backend.backend() == "tensorflow" else [])])
def test_an_answer_that_is_surely_wrong_is_still_learnt_from(gamma):
    logits = np.array([[30.0, 0.0, 0.0]], "float32")
    found = gradient(ClassificationLoss(gamma, WEIGHTS), np.eye(3, dtype="float32")[[1]], logits, "softmax")
    # The probability is 1e-13; the gradient is the weight, down for what is said and up for what is true.
    np.testing.assert_allclose(found, [[3, -3, 0]], atol=1e-4)


def test_it_computes_in_float32_where_the_network_does_not():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = ClassificationLoss(2.0, WEIGHTS)(Y, P)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert float(found) == pytest.approx(by_hand(Y, P, 2.0, WEIGHTS).mean(), rel=1e-5)


def test_two_classes_are_enough():
    y, p = np.array([[0.0, 1.0]], "float32"), np.array([[0.2, 0.8]], "float32")
    assert float(ClassificationLoss(weights=[1.0, 2.0])(y, p)) == pytest.approx(-2 * math.log(0.8), rel=1e-5)


def test_its_config_makes_an_equal_loss():
    again = keras.losses.deserialize(keras.losses.serialize(ClassificationLoss(2.0, (1, 2, 3), 0.1)))
    assert (again.gamma, again.weights, again.label_smoothing) == (2.0, [1, 2, 3], 0.1)
