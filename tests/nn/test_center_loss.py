"""The loss of networks that find things as points."""

import keras
import numpy as np
import pytest

from kerascnn.nn.center_loss import CenterLoss, bells_of, boxes_of, focal, generalised_iou
from tests.helpers import numpy

GRID = (6, 8)


def rows(*given, k=4):
    """Return targets of one picture: (class, left, top, right, bottom) in cells of the grid."""
    found = np.full((1, k, 5), (-1, 0, 0, 0, 0), "float32")
    for i, (label, *box) in enumerate(given):
        found[0, i] = (label, *(side / size for side, size in zip(box, GRID[::-1] * 2, strict=True)))
    return found


def grid(probability=0.1, classes=2, box=(0, 0, 1, 1)):
    found = np.full((1, *GRID, classes + 4), probability, "float32")
    found[..., classes:] = box
    return found


def value(y_true, y_pred):
    return float(CenterLoss()(y_true, y_pred))


def test_a_bell_is_1_in_the_cell_of_the_centre_and_as_wide_as_the_box_says():
    bell = numpy(bells_of(np.array([[[1.0, 1, 6, 3]]], "float32"), *GRID))[0, 0]
    assert bell.shape == GRID
    # The centre (3.5, 2) lies in column 3, row 2; 0.09 of the box's sides is the standard deviation.
    assert bell[2, 3] == bell.max() == 1
    assert bell[2, 4] == pytest.approx(np.exp(-1 / (2 * 0.45**2)), rel=1e-5)
    assert bell[3, 4] == pytest.approx(np.exp(-1 / (2 * 0.45**2) - 1 / (2 * 0.18**2)), rel=1e-4)


def test_a_thing_without_extent_and_one_at_the_edge_have_their_cell():
    bells = numpy(bells_of(np.array([[[2.5, 2.5, 2.5, 2.5], [8, 6, 8, 6]]], "float32"), *GRID))[0]
    assert bells.sum((1, 2)).tolist() == [1, 1]
    assert (bells[0, 2, 2], bells[1, 5, 7]) == (1, 1)


def test_offsets_and_sizes_are_boxes_about_the_cells():
    numbers = np.zeros((1, *GRID, 4), "float32")
    numbers[0, 2, 3] = (0.25, -0.5, 2, 4)
    found = numpy(boxes_of(numbers))[0]
    assert found[2, 3].tolist() == [2.75, 0, 4.75, 4]
    assert found[5, 7].tolist() == [7.5, 5.5, 7.5, 5.5]


@pytest.mark.parametrize(
    ("wanted", "found", "loss"),
    [
        (1.0, 0.8, -(0.2**2) * np.log(0.8)),
        (0.0, 0.8, -(0.8**2) * np.log(0.2)),
        (0.5, 0.8, -(0.5**4) * 0.8**2 * np.log(0.2)),
        (1.0, 1.0, 0.0),
        (0.0, 0.0, 0.0),
    ],
)
def test_near_a_centre_less_is_lost(wanted, found, loss):
    assert float(focal(np.float32(wanted), np.float32(found))) == pytest.approx(loss, rel=1e-5, abs=1e-6)


def test_sure_and_wrong_is_finite():
    assert np.isfinite(float(focal(np.float32(1), np.float32(0))))
    assert np.isfinite(float(focal(np.float32(0), np.float32(1))))


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ([0, 0, 4, 4], 1),
        ([2, 0, 6, 4], 8 / 24),  # the hull is the union
        ([4, 0, 8, 4], 0),
        ([8, 0, 12, 4], -16 / 48),  # a third of the hull is empty
        ([2, 2, 6, 6], 4 / 28 - 8 / 36),
    ],
)
def test_the_generalised_iou_of_two_squares(other, wanted):
    one = np.array([0, 0, 4, 4], "float32")
    assert float(generalised_iou(one, np.array(other, "float32"))) == pytest.approx(wanted, abs=1e-6)


def test_the_right_answer_loses_nothing():
    truth = rows((0, 1, 1, 6, 3), (1, 6, 3, 8, 6))
    answer = grid(0.0)
    # All cells say the box of the thing that is nearest.
    for columns, (label, left, top, right, bottom) in ((slice(0, 5), (0, 1, 1, 6, 3)), (slice(5, 8), (1, 6, 3, 8, 6))):
        x, y = np.arange(8)[columns] + 0.5, np.arange(6)[:, None] + 0.5
        answer[0, :, columns, 2] = (left + right) / 2 - x
        answer[0, :, columns, 3] = (top + bottom) / 2 - y
        answer[0, :, columns, 4:] = (right - left, bottom - top)
        answer[0, (top + bottom) // 2, (left + right) // 2, label] = 1
    assert value(truth, answer) == pytest.approx(0, abs=1e-3)


def test_an_empty_picture_loses_what_is_said_to_be_there():
    # 6 x 8 cells and 2 classes, and no box to count by.
    assert value(rows(), grid(0.1)) == pytest.approx(96 * 0.1**2 * -np.log(0.9), rel=1e-4)


def test_the_loss_of_one_small_box_by_hand():
    # A box of one cell, whose bell is in no other cell; the answer is off by half a cell.
    answer = grid(0.1, box=(0.5, 0, 1, 1))
    centres = -(0.9**2) * np.log(0.1) + 95 * 0.1**2 * -np.log(0.9)
    # 0.5 in common of 1.5, which is the hull as well.
    assert value(rows((1, 3, 2, 4, 3)), answer) == pytest.approx(centres + 5 * (1 - 1 / 3), rel=1e-4)


def test_a_centre_counts_for_its_own_class():
    truth, right, wrong = rows((1, 3, 2, 4, 3)), grid(0.01), grid(0.01)
    right[0, 2, 3, 1] = wrong[0, 2, 3, 0] = 0.9
    assert value(truth, right) < 0.1 < 4 < value(truth, wrong)


def test_the_first_of_two_boxes_about_one_cell_is_learnt_there():
    small, large = (0, 3, 2, 4, 3), (1, 1, 0, 6, 5)
    answer = grid(0.1, box=(0, 0, 1, 1))
    one = value(rows(small, large), answer)
    assert value(rows(large, small), answer) > one


def test_a_picture_loses_the_same_in_any_batch():
    truth = np.concatenate([rows((0, 1, 1, 6, 3), (1, 6, 3, 8, 6)), rows(), rows((1, 0, 0, 3, 3))])
    answers = np.abs(np.random.default_rng(0).random((3, *GRID, 6))).astype("float32")
    alone = [value(truth[i : i + 1], answers[i : i + 1]) for i in range(3)]
    assert value(truth, answers) == pytest.approx(np.mean(alone), rel=1e-5)


@pytest.mark.parametrize("xla", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_it_trains_a_network_with_batches_of_any_size(xla):
    keras.utils.set_random_seed(0)
    x = keras.Input((*GRID, 3))
    y = keras.layers.Conv2D(6, 1, activation="sigmoid")(x)
    model = keras.Model(x, y)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss=CenterLoss(), jit_compile=xla)
    images = np.random.default_rng(0).random((5, *GRID, 3)).astype("float32")
    truth = np.repeat(rows((0, 1, 1, 6, 3), (1, 6, 3, 8, 6)), 5, 0)
    losses = model.fit(images, truth, batch_size=2, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < 0.8 * losses[0]
