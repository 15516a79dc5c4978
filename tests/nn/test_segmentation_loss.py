import math

import keras
import numpy as np
import pytest
from scipy.special import softmax

from kerascnn.nn.segmentation_loss import SegmentationLoss
from tests.helpers import normal, numpy

KINDS = [
    "cross_entropy", "focal", "dice", "tversky", "cross_entropy_dice", "cross_entropy_tversky", "focal_dice",
]  # fmt: skip

# Two pixels of class 0, one of class 1, one that counts for nothing.
MASK = np.array([[[0, 0], [1, 255]]], "uint8")
ANSWER = np.array([[[[0.9, 0.1], [0.6, 0.4]], [[0.3, 0.7], [0.5, 0.5]]]], "float32")


def found(kind, mask=MASK, answer=ANSWER, **keywords):
    return float(SegmentationLoss(kind, **keywords)(mask, answer))


def test_cross_entropy_is_the_mean_over_the_pixels_that_count():
    wanted = -(math.log(0.9) + math.log(0.6) + math.log(0.7)) / 3
    assert found("cross_entropy") == pytest.approx(wanted, rel=1e-5)


def test_balanced_cross_entropy_is_the_mean_of_the_means_of_the_classes():
    wanted = -((math.log(0.9) + math.log(0.6)) / 2 + math.log(0.7)) / 2
    assert found("cross_entropy", balanced=True) == pytest.approx(wanted, rel=1e-5)


def test_dice_is_the_mean_over_the_classes_without_the_pixels_that_do_not_count():
    # Class 0: the overlap is 0.9 + 0.6, the sizes are 2 and 0.9 + 0.6 + 0.3; class 1: 0.7, 1 and 1.2.
    wanted = 1 - (2 * 1.5 / 3.8 + 2 * 0.7 / 2.2) / 2
    assert found("dice") == pytest.approx(wanted, rel=1e-5)


def test_tversky_weighs_what_is_too_much_and_what_is_too_little():
    # Class 0: 1.5 of 2 found, 0.3 too much; class 1: 0.7 of 1, 0.5 too much.
    wanted = 1 - (1.5 / (1.5 + 0.2 * 0.3 + 0.9 * 0.5) + 0.7 / (0.7 + 0.2 * 0.5 + 0.9 * 0.3)) / 2
    assert found("tversky", alpha=0.2, beta=0.9) == pytest.approx(wanted, rel=1e-5)


def test_tversky_of_two_halves_is_dice():
    assert found("tversky", alpha=0.5, beta=0.5) == pytest.approx(found("dice"), rel=1e-6)


def test_tversky_and_dice_of_one_picture_agree_with_keras():
    mask = np.random.default_rng(2).integers(0, 3, (1, 5, 4))
    truth, answer = np.eye(3, dtype="float32")[mask], softmax(normal(1, 5, 4, 3), axis=-1)
    # Keras 3.15 takes the mask for the answer and the answer for the mask, so that its alpha is the paper's beta.
    theirs = [
        np.mean([float(loss(truth[..., i], answer[..., i])) for i in range(3)])
        for loss in (keras.losses.Tversky(alpha=0.9, beta=0.2), keras.losses.Dice())
    ]
    ours = [found("tversky", mask, answer, alpha=0.2, beta=0.9), found("dice", mask, answer)]
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_focal_is_the_mean_over_the_pixels_that_count():
    wanted = -(0.1**1.5 * math.log(0.9) + 0.4**1.5 * math.log(0.6) + 0.3**1.5 * math.log(0.7)) / 3
    assert found("focal", gamma=1.5) == pytest.approx(wanted, rel=1e-5)


def test_balanced_focal_is_the_mean_of_the_means_of_the_classes():
    costs = [-((1 - p) ** 2) * math.log(p) for p in (0.9, 0.6, 0.7)]
    assert found("focal", balanced=True) == pytest.approx(((costs[0] + costs[1]) / 2 + costs[2]) / 2, rel=1e-5)


def test_weights_weigh_pixels_by_their_class():
    wanted = -(math.log(0.9) + math.log(0.6) + 4 * math.log(0.7)) / 6
    assert found("cross_entropy", weights=[1, 4]) == pytest.approx(wanted, rel=1e-5)
    assert found("cross_entropy", weights=[2, 8]) == pytest.approx(wanted, rel=1e-5)


def test_weights_weigh_the_classes_of_dice():
    wanted = 1 - (2 * 1.5 / 3.8 + 4 * 2 * 0.7 / 2.2) / 5
    assert found("dice", weights=[1, 4]) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        ("cross_entropy_dice", ("cross_entropy", "dice")),
        ("cross_entropy_tversky", ("cross_entropy", "tversky")),
        ("focal_dice", ("focal", "dice")),
    ],
)
def test_a_kind_of_two_is_their_sum(kind, parts):
    assert found(kind) == pytest.approx(sum(map(found, parts)), rel=1e-6)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="there is no segmentation loss 'both'; there are cross_entropy, focal, "):
        SegmentationLoss("both")


def test_a_class_that_no_mask_holds_has_no_say_in_dice():
    more = np.concatenate([ANSWER, np.zeros((1, 2, 2, 1), "float32")], axis=-1)
    assert found("dice", answer=more) == pytest.approx(found("dice"), rel=1e-6)


def test_the_pictures_of_a_batch_are_taken_together():
    mask, answer = np.array([[[0]], [[1]]], "uint8"), np.array([[[[0.8, 0.2]]], [[[0.6, 0.4]]]], "float32")
    wanted = 1 - (2 * 0.8 / (1 + 1.4) + 2 * 0.4 / (1 + 0.6)) / 2
    assert found("dice", mask, answer) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_masks_in_which_nothing_counts_cost_nothing(kind, balanced):
    assert found(kind, np.full_like(MASK, 255), balanced=balanced) == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_right_answers_cost_nothing_and_wrong_ones_much(kind):
    right = np.eye(2, dtype="float32")[MASK % 255]
    assert found(kind, answer=right) == pytest.approx(0, abs=1e-5)
    assert found(kind, answer=1 - right) > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_answers_where_nothing_counts_do_not_matter(kind):
    other = ANSWER.copy()
    other[0, 1, 1] = [0.99, 0.01]
    assert found(kind, answer=other) == pytest.approx(found(kind), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_of_0_and_1_have_finite_gradients(kind):
    x = keras.Input((2, 2, 2))
    model = keras.Model(x, keras.layers.Activation("softmax")(keras.layers.Conv2D(2, 1, use_bias=False)(x)))
    model.set_weights([200 * np.eye(2, dtype="float32")[None, None]])
    model.compile(keras.optimizers.SGD(1.0), SegmentationLoss(kind, weights=[1, 4], gamma=0.5), jit_compile=False)
    pictures = np.eye(2, dtype="float32")[[[[0, 1], [1, 0]]]]
    assert math.isfinite(model.train_on_batch(pictures, MASK))
    assert np.isfinite(numpy(model.weights[0])).all()


@pytest.mark.parametrize("xla", [False, True])
def test_training_lowers_it_with_and_without_xla(xla):
    keras.utils.set_random_seed(0)
    x = keras.Input((6, 5, 1))
    model = keras.Model(x, keras.layers.Conv2D(3, 1, activation="softmax")(x))
    model.compile("adam", SegmentationLoss("cross_entropy_dice", balanced=True), jit_compile=xla)
    pictures = normal(8, 6, 5, 1)
    masks = np.where(pictures[..., 0] > 0, 1, 2).astype("uint8")
    masks[:, 0] = 255
    history = model.fit(pictures, masks, epochs=5, verbose=0).history["loss"]
    assert all(map(math.isfinite, history))
    assert history[-1] < history[0]
    assert np.isfinite(numpy(model.weights[0])).all()


def test_masks_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"masks of \(3, 2\) and answers of \(2, 2\) should be of one size"):
        found("dice", np.zeros((1, 3, 2), "uint8"))


def test_its_config_makes_an_equal_loss():
    loss = SegmentationLoss("focal_dice", ignore=7, balanced=True, weights=(1, 2), gamma=1.0, alpha=0.4, beta=0.6)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.get_config() == loss.get_config()
    assert (again.kind, again.ignore, again.balanced, again.weights) == ("focal_dice", 7, True, [1, 2])
    assert (again.gamma, again.alpha, again.beta) == (1.0, 0.4, 0.6)
