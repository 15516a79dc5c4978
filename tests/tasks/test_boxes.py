"""What is done with found boxes."""

import numpy as np
import pytest

from kerascnn.tasks.boxes import average_precision, decode, matched, overlaps, suppressed

SQUARE = [0.0, 0.0, 4.0, 4.0]


def boxes(*rows):
    return np.array(rows, "float32").reshape(-1, 4)


def grid(height, width, classes, *found):
    """Return a network's answer: found is (row, column, class, score, right, down, width, height)."""
    answer = np.zeros((height, width, classes + 4), "float32")
    answer[..., classes + 2 :] = 1
    for row, column, label, score, *numbers in found:
        answer[row, column, label] = score
        answer[row, column, classes:] = numbers
    return answer


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        (SQUARE, 1),
        ([2, 0, 6, 4], 8 / 24),
        ([1, 1, 3, 3], 4 / 16),
        ([4, 0, 8, 4], 0),  # they touch
        ([3, 3, 5, 5], 1 / 19),
        ([2, 2, 2, 2], 0),
    ],
)
def test_overlap_is_the_share_of_both_in_what_they_cover(other, wanted):
    assert overlaps(boxes(SQUARE), boxes(other)).item() == pytest.approx(wanted)
    assert overlaps(boxes(other), boxes(SQUARE)).item() == pytest.approx(wanted)


def test_overlaps_are_those_of_all_pairs():
    found = overlaps(boxes(SQUARE, [2, 0, 6, 4]), boxes(SQUARE, [0, 0, 2, 4], [9, 9, 10, 10]))
    np.testing.assert_allclose(found, [[1, 0.5, 0], [1 / 3, 0, 0]])
    assert overlaps(boxes(), boxes(SQUARE)).shape == (0, 1)
    assert overlaps(boxes(SQUARE), boxes()).shape == (1, 0)


def test_the_less_certain_of_a_class_gives_way():
    found = boxes(SQUARE, [0, 0, 4, 3], [0, 0, 4, 3.9], [20, 20, 24, 24])
    assert suppressed(found, np.array([0, 0, 1, 0])).tolist() == [True, False, True, True]


def test_what_gave_way_itself_covers_nothing():
    # The second overlaps the first by 6/10 and the third by 6/10; those two overlap by 4/12.
    found = boxes([0, 0, 8, 1], [2, 0, 10, 1], [4, 0, 12, 1])
    assert suppressed(found, np.zeros(3)).tolist() == [True, False, True]


def test_half_an_overlap_is_let_stand():
    found = boxes([0, 0, 4, 4], [0, 0, 4, 2])
    assert suppressed(found, np.zeros(2)).all()
    assert suppressed(found, np.zeros(2), 0.4).tolist() == [True, False]
    assert suppressed(boxes(), np.zeros(0)).shape == (0,)


def test_a_cell_becomes_a_box_in_pixels():
    # Cells of 10 x 5 pixels. The centre is at column 2 + 0.5 + 0.25, row 1 + 0.5 - 0.5; the box is 2 x 1 cells.
    answer = grid(4, 6, 2, (1, 2, 1, 0.75, 0.25, -0.5, 2, 1))
    found = decode(answer, (20, 60), threshold=0.3, most=10)
    assert found.dtype == np.float32
    assert found.tolist() == [[1, 17.5, 2.5, 37.5, 7.5, 0.75]]


def test_boxes_end_where_the_picture_does():
    found = decode(grid(4, 4, 1, (0, 3, 0, 0.9, 0, 0, 4, 4)), (16, 16), threshold=0.3, most=10)
    assert found[0, 1:5].tolist() == [6, 0, 16, 10]


def test_only_the_highest_cell_of_its_class_about_is_a_box():
    here, far = (0, 0, 0.5, 0.5), (0, 0, 0.5, 0.5)
    answer = grid(6, 6, 2, (1, 1, 0, 0.9, *here), (1, 2, 0, 0.8, *here), (2, 2, 0, 0.7, *here), (1, 4, 0, 0.6, *far))
    answer[1, 2, 1] = 0.5  # of another class
    found = decode(answer, (6, 6), threshold=0.3, most=10)
    np.testing.assert_allclose(found[:, [0, 5]], [[0, 0.9], [0, 0.6], [1, 0.5]])


def test_less_than_the_threshold_is_nothing_and_the_most_certain_stay():
    answer = grid(1, 9, 1, *((0, i, 0, score, 0, 0, 1, 1) for i, score in ((0, 0.4), (2, 0.8), (4, 0.2), (6, 0.3))))
    np.testing.assert_allclose(decode(answer, (1, 9), threshold=0.25, most=9)[:, 5], [0.8, 0.4, 0.3])
    np.testing.assert_allclose(decode(answer, (1, 9), threshold=0.25, most=2)[:, 5], [0.8, 0.4])
    assert decode(answer, (1, 9), threshold=0.85, most=9).shape == (0, 6)


def test_two_found_boxes_of_one_thing_are_one():
    # Two columns apart, both 8 cells wide about nearly the same place.
    answer = grid(3, 12, 2, (1, 5, 0, 0.9, 0, 0, 8, 3), (1, 7, 0, 0.8, -1.5, 0, 8, 3), (1, 7, 1, 0.7, -1.5, 0, 8, 3))
    found = decode(answer, (3, 12), threshold=0.3, most=9)
    assert found[:, 0].tolist() == [0, 1]


def test_each_true_box_is_found_once():
    truth = boxes(SQUARE, [10, 10, 14, 14])
    found = boxes(SQUARE, SQUARE, [10, 10, 14, 13], [30, 30, 34, 34])
    right = matched(found, truth, np.array([0.5, 0.75, 0.8]))
    assert right.tolist() == [[True, False, True, False], [True, False, True, False], [True, False, False, False]]


def test_a_box_takes_the_true_one_that_it_overlaps_most_of_those_left():
    truth = boxes([0, 0, 10, 10], [2, 0, 12, 10])
    found = boxes([1.5, 0, 11.5, 10], [2, 0, 12, 10])
    # The first overlaps the second true box most; the other is left, and the second overlaps it by 8/12.
    assert matched(found, truth, np.array([0.5, 0.7])).tolist() == [[True, True], [True, False]]


def test_nothing_is_right_where_nothing_is():
    assert matched(boxes(SQUARE), boxes(), np.array([0.5])).tolist() == [[False]]
    assert matched(boxes(), boxes(SQUARE), np.array([0.5])).shape == (1, 0)


@pytest.mark.parametrize(
    ("right", "support", "wanted"),
    [
        ([1, 1], 2, 1.0),
        ([1, 0, 1], 2, 0.5 * 1 + 0.5 * 2 / 3),
        ([0, 1], 1, 0.5),
        ([1, 0, 1], 4, 0.25 * 1 + 0.25 * 2 / 3),
        # Precisions 0, 1/2, 1/3, 2/4, 3/5: at every recall there is a higher one further on, 3/5.
        ([0, 1, 0, 1, 1], 3, 0.6),
        ([0, 0], 3, 0.0),
        ([], 3, 0.0),
    ],
)
def test_average_precision_is_the_area_under_the_highest_precisions(right, support, wanted):
    assert average_precision(np.array(right, bool), support) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("right", "support", "wanted"),
    [
        ([1, 1], 2, 1.0),
        # Recalls 0 to 0.5 (51 of 101 points) at precision 1, the others at 2/3.
        ([1, 0, 1], 2, (51 + 50 * 2 / 3) / 101),
        # A third of the recalls and the point 0: 0, 0.01, ..., 0.33.
        ([1], 3, 34 / 101),
        ([], 3, 0.0),
    ],
)
def test_at_101_recalls_it_is_the_figure_of_coco(right, support, wanted):
    assert average_precision(np.array(right, bool), support, 101) == pytest.approx(wanted)
