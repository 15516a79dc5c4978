import keras
import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from kerascnn.nn.multilabel_loss import MultilabelLoss
from tests.helpers import normal, numpy
from tests.nn.gradients import gradient

THERE, GONE = [2.0, 0.5, 7.0], [0.6, 1.0, 0.25]
P = expit(normal(8, 3))
Y = np.random.default_rng(1).integers(0, 2, (8, 3)).astype("float32")
MIXED = (0.8 * Y + 0.2 * Y[::-1]).astype("float32")


def by_hand(y, p, gamma=0.0, there=(1, 1, 1), gone=(1, 1, 1), smoothing=0.0):
    y = np.asarray(y, "float64") * (1 - smoothing) + smoothing / 2
    p = np.asarray(p, "float64")
    costs = y * there * (1 - p) ** gamma * np.log(p) + (1 - y) * gone * p**gamma * np.log(1 - p)
    return -costs.mean(1)


def test_it_is_the_mean_binary_cross_entropy():
    wanted = np.mean([log_loss(Y[:, i], P[:, i], labels=[0, 1]) for i in range(3)])
    assert float(MultilabelLoss()(Y, P)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("y", [Y, MIXED], ids=["whole", "mixed"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("sides", [(None, None), (THERE, None), (THERE, GONE)], ids=["no", "one", "both"])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_it_is_the_mean_of_both_sides(y, smoothing, sides, gamma):
    loss = MultilabelLoss(gamma, *sides, smoothing)
    wanted = by_hand(y, P, gamma, sides[0] or (1, 1, 1), sides[1] or (1, 1, 1), smoothing)
    np.testing.assert_allclose(numpy(loss.call(y, P)), wanted, rtol=2e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_agrees_with_keras(smoothing):
    theirs = keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    ours = MultilabelLoss(label_smoothing=smoothing)
    assert float(ours(MIXED, P)) == pytest.approx(float(theirs(MIXED, P)), rel=1e-5)


def test_focal_agrees_with_keras_for_whole_targets():
    theirs = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.3, gamma=1.5)
    ours = MultilabelLoss(1.5, [0.3] * 3, [0.7] * 3)
    assert float(ours(Y, P)) == pytest.approx(float(theirs(Y, P)), rel=1e-5)


def test_the_loss_of_a_mixture_is_the_mixture_of_the_losses():
    loss = MultilabelLoss(2.0, THERE, GONE, 0.1)
    parts = 0.8 * numpy(loss.call(Y, P)) + 0.2 * numpy(loss.call(Y[::-1].copy(), P))
    np.testing.assert_allclose(numpy(loss.call(MIXED, P)), parts, rtol=1e-5)


@pytest.mark.parametrize("xla", [False, True])
@pytest.mark.parametrize("y", [Y, MIXED], ids=["whole", "mixed"])
def test_the_gradient_of_weighted_cross_entropy_is_that_of_the_formula(y, xla):
    logits = normal(8, 3, seed=5)
    wanted = (expit(logits) * (1 - y) * GONE - expit(-logits) * y * THERE) / 3
    found = gradient(MultilabelLoss(0.0, THERE, GONE), y, logits, "sigmoid", xla)
    np.testing.assert_allclose(found, wanted, atol=2e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_answers_of_0_and_1_have_a_finite_loss_and_gradient(gamma):
    logits = np.array([[200, -200, 0], [-200, 200, 0]], "float32")
    loss = MultilabelLoss(gamma, THERE, GONE)
    for y in (np.zeros((2, 3), "float32"), np.ones((2, 3), "float32"), np.full((2, 3), 0.5, "float32")):
        assert np.isfinite(float(loss(y, expit(logits))))
        assert np.isfinite(gradient(loss, y, logits, "sigmoid")).all()


def test_a_single_class_will_do():
    y, p = np.array([[1.0], [0.0]], "float32"), np.array([[0.8], [0.4]], "float32")
    assert float(MultilabelLoss(0.0, [3.0])(y, p)) == pytest.approx(-(3 * np.log(0.8) + np.log(0.6)) / 2, rel=1e-5)


def test_it_computes_in_float32_where_the_network_does_not():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        found = MultilabelLoss(2.0, THERE)(Y, P)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(found.dtype) == "float32"


def test_its_config_makes_an_equal_loss():
    again = keras.losses.deserialize(keras.losses.serialize(MultilabelLoss(2.0, THERE, GONE, 0.1)))
    assert (again.gamma, again.positive, again.negative, again.label_smoothing) == (2.0, THERE, GONE, 0.1)
