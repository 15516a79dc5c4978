"""Attacks on networks whose gradients are known by hand."""

import numpy as np
import pytest

from kerascnn.engine.attacks import STEPS, Attacks, loss_weights, step_of
from kerascnn.engine.build import build_model
from kerascnn.engine.temperature import with_temperature
from kerascnn.spec import DataInfo
from tests.engine.made import LAYERS, make_spec
from tests.helpers import normal, pictures

FLAT = [{"type": "flatten"}]
CURVED = [{"type": "conv2d", "filters": 8, "activation": "tanh"}] * 2 + FLAT


def network(layers=FLAT, shape=(2, 3, 1), classes=2, *, weights=None, temperature=1.0, preprocess=None, seed=0):
    """Return a network, and the attacks on it; its weights are given, or of chance."""
    spec = make_spec({"type": "digits"}, backbone={"type": "layers", "layers": layers}, preprocess=preprocess)
    info = DataInfo.of(shape, classes)
    model = build_model(spec, info)
    drawn = [normal(*w.shape, seed=seed + i) for i, w in enumerate(model.get_weights())]
    if weights is None:
        # Variances are no less than 0.
        drawn = [np.abs(w) if v.name == "moving_variance" else w for w, v in zip(drawn, model.weights, strict=True)]
    model.set_weights(drawn if weights is None else weights)
    model = with_temperature(model, temperature, "softmax")
    return model, Attacks(model, spec.task, info.labels)


def linear(kernel, **settings):
    """Return the attacks on a network that answers with the softmax of the pixels times these weights."""
    return network(weights=[np.asarray(kernel, "float32"), np.zeros(np.shape(kernel)[1], "float32")], **settings)[1]


KERNEL = [[1, 0], [-1, 0], [0, 2], [0, -2], [3, 3], [0.5, 0.25]]
GIVEN = np.array([[100, 100, 254, 1, 50, 0]], "uint8").reshape(1, 2, 3, 1)


def test_fgsm_adds_the_sign_of_the_gradient_and_stays_within_bytes():
    # Of class 0 the loss grows with the score of class 1 less that of class 0: weights -1, 1, 2, -2, 0, -0.25.
    changed = linear(KERNEL).fgsm(GIVEN, np.array([0]), 2)
    assert changed.dtype == np.uint8
    assert changed.ravel().tolist() == [98, 102, 255, 0, 50, 0]
    # Of class 1 it is the other way round.
    assert linear(KERNEL).fgsm(GIVEN, np.array([1]), 8).ravel().tolist() == [108, 92, 246, 9, 50, 8]


@pytest.mark.parametrize("factor", [1e-3, 1e5])
def test_a_network_that_is_unsure_or_too_sure_has_the_same_signs(factor):
    changed = linear(np.asarray(KERNEL) * factor).fgsm(GIVEN, np.array([0]), 2)
    assert changed.ravel().tolist() == [98, 102, 255, 0, 50, 0]


def test_a_calibrated_network_is_attacked_as_it_was_trained():
    changed = linear(KERNEL, temperature=3.0).fgsm(GIVEN, np.array([0]), 2)
    assert changed.ravel().tolist() == [98, 102, 255, 0, 50, 0]


def test_gradients_go_back_through_scaling_and_the_order_of_channels():
    # Caffe's networks take blue, green and red: the last weight is that of red, the first channel.
    kernel = [[0, 1], [0, -1], [0, 2]]
    attacks = linear(kernel, shape=(1, 1, 3), preprocess={"normalize": "caffe"})
    given = np.full((1, 1, 1, 3), 100, "uint8")
    assert attacks.fgsm(given, np.array([0]), 2).ravel().tolist() == [102, 98, 102]
    found = attacks.gradients(given, np.array([0])).ravel()
    assert found == pytest.approx([2, -1, 1])


def test_gradients_go_back_through_resizing():
    _, attacks = network(FLAT, (4, 4, 1), preprocess={"resize": [2, 2]})
    found = attacks.gradients(pictures(3, 4, 4, 1), np.array([0, 1, 0]))
    assert found.shape == (3, 4, 4, 1)
    # Each of the four numbers is the mean of four pixels.
    assert found[0, 0, 0] == found[0, 1, 1] != 0


def test_the_attacked_network_answers_as_the_saved_one_does():
    model, attacks = network(LAYERS, (8, 8, 1), 3)
    given = pictures(20, 8, 8, 1)
    scores = attacks.answers(given)
    p = np.exp(scores - scores.max(1, keepdims=True))
    assert p / p.sum(1, keepdims=True) == pytest.approx(np.asarray(model.predict_on_batch(given)), abs=1e-5)


def test_loss_weights_have_the_direction_of_the_softmax_less_the_truth():
    scores, truth = np.array([[1.0, 2.0, 0.5], [3.0, -1.0, 0.0]]), np.array([1, 0])
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    expected = p - np.eye(3)[truth]
    found = loss_weights(scores, truth, odds=False)
    assert found == pytest.approx(expected / (1 - p[[0, 1], truth])[:, None], rel=1e-5)
    assert loss_weights(scores, truth, odds=True).tolist() == [[0, -1, 0], [-1, 0, 0]]


def test_pgd_stays_within_its_ball_and_within_bytes():
    _, attacks = network(LAYERS, (8, 8, 1), 3)
    given, truth = pictures(30, 8, 8, 1), np.arange(30) % 3
    given[:5], given[5:10] = 0, 255
    for strength in (1, 2, 8):
        changed = attacks.pgd(given, truth, strength)
        assert changed.dtype == np.uint8
        assert np.abs(changed.astype(int) - given).max() == strength
    assert step_of(1) == step_of(2) == 1
    assert step_of(8) == 2
    # Even from the far side of the ball it can reach the other.
    assert all(STEPS * step_of(strength) >= 2 * strength for strength in (1, 2, 8))


def test_pgd_is_at_least_as_strong_as_fgsm():
    model, attacks = network(CURVED, (8, 8, 1), 3)
    given = (100 + pictures(60, 8, 8, 1) % 50).astype("uint8")
    truth = np.asarray(model.predict_on_batch(given)).argmax(1)

    def left(changed):
        return (np.asarray(model.predict_on_batch(changed)).argmax(1) == truth).mean()

    for strength in (2, 8):
        fgsm, pgd = left(attacks.fgsm(given, truth, strength)), left(attacks.pgd(given, truth, strength))
        assert pgd <= fgsm < 1
    assert pgd < fgsm


def test_pgd_depends_on_its_seed_and_the_number_of_the_picture_alone():
    _, attacks = network(LAYERS, (8, 8, 1), 3)
    given, truth = pictures(12, 8, 8, 1), np.zeros(12, int)
    whole = attacks.pgd(given, truth, 8, seed=3)
    parts = [attacks.pgd(given[:7], truth[:7], 8, seed=3), attacks.pgd(given[7:], truth[7:], 8, seed=3, first=7)]
    assert np.array_equal(whole, np.concatenate(parts))
    assert not np.array_equal(whole, attacks.pgd(given, truth, 8, seed=4))
    assert attacks.pgd(given[:0], truth[:0], 8).shape == (0, 8, 8, 1)
