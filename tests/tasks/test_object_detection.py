"""Things in pictures."""

import json

import numpy as np
import pytest

from kerascnn.errors import DataError
from kerascnn.spec import DataInfo
from kerascnn.tasks import boxes as measures
from tests.helpers import make

INFO = DataInfo((40, 80, 3), ("cell", "plate", "worm"))
TRUTH = [
    np.array([[0, 0, 0, 16, 16], [1, 40, 20, 48, 28]], "float32"),
    np.array([[0, 8, 8, 24, 24]], "float32"),
    np.zeros((0, 5), "float32"),
]


def task(**parameters):
    return make("task", "object_detection", **parameters)


def answer(*found):
    """Return a grid of cells of 4 x 4 pixels with these boxes: (class, score, left, top, right, bottom)."""
    grid = np.zeros((10, 20, 7), "float32")
    grid[..., 5:] = 1
    for label, score, *box in found:
        left, top, right, bottom = (side / 4 for side in box)
        x, y = (left + right) / 2, (top + bottom) / 2
        grid[int(y), int(x), int(label)] = score
        grid[int(y), int(x), 3:] = x - int(x) - 0.5, y - int(y) - 0.5, right - left, bottom - top
    return grid


PERFECT = np.stack([answer(*((row[0], 0.9, *row[1:]) for row in rows)) for rows in TRUTH])


def test_a_target_is_a_row_for_each_box_the_smallest_first():
    found = task(most_boxes=3).targets(TRUTH, INFO)
    assert found.shape == (3, 3, 5)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], [[1, 0.5, 0.5, 0.6, 0.7], [0, 0, 0, 0.2, 0.4], [-1, 0, 0, 0, 0]])
    assert found[2, :, 0].tolist() == [-1, -1, -1]


def test_more_boxes_than_there_is_room_for_are_refused():
    with pytest.raises(DataError) as caught:
        task(most_boxes=1).targets(TRUTH, INFO)
    assert str(caught.value) == ("1 picture has more boxes than task.most_boxes, which is 1; set it to 2 or more")


def test_a_cell_has_a_number_for_each_class_and_four_for_the_box():
    assert task().outputs(INFO) == 7
    assert task().compiled_metrics() == []


def test_found_boxes_that_are_the_true_ones_get_full_marks():
    report = task().report(TRUTH, PERFECT, INFO)
    assert list(report["metrics"]) == ["map50", "map50_95", "loss"]
    assert report["metrics"]["map50"] == report["metrics"]["map50_95"] == 1
    cell, plate, worm = report["per_class"]
    assert cell == {
        "label": "cell",
        "average_precision": 1.0,
        "precision": 1.0,
        "recall": 1.0,
        "best_threshold": pytest.approx(0.9),
        "support": 2,
    }
    assert plate["support"] == 1
    # A class that nothing shows has no figures, and the mean goes over the others.
    assert worm == {**worm, "average_precision": None, "recall": None, "best_threshold": None, "support": 0}
    assert report["floor"] == {"map50": 0.0}
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_average_precision_ranks_the_boxes_of_all_pictures_together():
    # Cells by score: right, wrong, right. The plate is missed.
    answers = np.stack([
        answer((0, 0.9, 0, 0, 16, 16), (0, 0.6, 50, 10, 60, 20)),
        answer((0, 0.4, 8, 8, 24, 24)),
        answer(),
    ])  # fmt: skip
    cell, plate, _ = task(threshold=0.5).report(TRUTH, answers, INFO)["per_class"]
    assert cell["average_precision"] == pytest.approx(0.5 + 0.5 * 2 / 3)
    # Of 0.6 and more: one right, one wrong, and one of two found.
    assert (cell["precision"], cell["recall"]) == (0.5, 0.5)
    # F1 at 0.9 is 2/3, at 0.6 1/2, at 0.4 4/5.
    assert cell["best_threshold"] == pytest.approx(0.4)
    assert (plate["average_precision"], plate["precision"], plate["recall"]) == (0, 0, 0)


def test_map50_95_wants_boxes_to_fit():
    # 16 x 16 found as 16 x 11: an IoU of 0.6875, which is right at 0.5, 0.55, 0.6 and 0.65.
    answers = np.stack([answer((0, 0.9, 0, 0, 16, 11)), answer((0, 0.8, 8, 8, 24, 19)), answer()])
    truth = [TRUTH[0][:1], *TRUTH[1:]]
    metrics = task().report(truth, answers, INFO)["metrics"]
    assert metrics["map50"] == 1
    assert metrics["map50_95"] == pytest.approx(4 / 10)


def test_average_precisions_and_the_loss_have_intervals_over_pictures():
    found = np.stack([answer(*((row[0], 0.9, *row[1:]) for row in TRUTH[0])), answer(), answer((0, 0.5, 0, 0, 9, 9))])
    report = task().report(TRUTH, found, INFO)
    assert set(report["intervals"]) == {"map50", "map50_95", "loss"}
    # Drawn are pictures where all is found, and pictures where nothing is.
    assert report["intervals"]["map50"] == [0.0, 1.0]
    assert 0 < report["metrics"]["map50"] < 1
    each = [float(task().loss(INFO)(task().targets(TRUTH[i : i + 1], INFO), found[i : i + 1])) for i in range(3)]
    assert report["metrics"]["loss"] == pytest.approx(np.mean(each), rel=1e-5)
    # Of three that are drawn again, one in 27 is the smallest alone, and one the largest.
    assert report["intervals"]["loss"] == pytest.approx([min(each), max(each)], rel=1e-5)
    again = task().report(TRUTH, PERFECT, INFO)["intervals"]
    assert (again["map50"], again["map50_95"]) == ([1.0, 1.0], [1.0, 1.0])


def test_intervals_that_are_too_much_work_are_left_out_with_a_sentence(monkeypatch):
    monkeypatch.setattr("kerascnn.evaluation.bootstrap._WORK", 1000)
    report = task().report(TRUTH, PERFECT, INFO)
    assert set(report["intervals"]) == {"loss"}
    assert "no intervals" in report["notes"][0]
    assert report["metrics"]["map50"] == 1


def test_each_picture_has_f1_of_its_boxes():
    answers = np.stack([
        # The cell is found, the plate called a cell.
        answer((0, 0.9, 0, 0, 16, 16), (0, 0.6, 40, 20, 48, 28)),
        # Found below the threshold only.
        answer((0, 0.2, 8, 8, 24, 24)),
        answer(),
    ])  # fmt: skip
    name, better, values = task().each(TRUTH, answers, INFO)
    assert (name, better, values.tolist()) == ("box_f1", "max", [0.5, 0.0, 1.0])
    assert task(threshold=0.1).each(TRUTH, answers, INFO)[2].tolist() == [0.5, 1.0, 1.0]
    assert task().each(TRUTH[2:], answers[:1], INFO)[2].tolist() == [0.0]


def test_the_loss_of_a_report_is_the_mean_over_pictures():
    loss = task().loss(INFO)
    wanted = [float(loss(task().targets([rows], INFO), PERFECT[i : i + 1])) for i, rows in enumerate(TRUTH)]
    assert task().report(TRUTH, PERFECT, INFO)["metrics"]["loss"] == pytest.approx(np.mean(wanted), rel=1e-5)


def test_a_picture_is_said_to_show_how_many_of_each():
    found = answer((0, 0.9, 0, 0, 16, 16), (0, 0.5, 40, 10, 60, 20), (2, 0.31, 20, 20, 30, 30), (1, 0.2, 70, 0, 79, 9))
    said = task().say(found, INFO.labels)
    assert said == {"label": "cell 2, worm 1", "confidence": None, "values": {"cell": 2.0, "plate": 0.0, "worm": 1.0}}
    assert task(threshold=0.4).say(found, INFO.labels)["label"] == "cell 2"
    assert task().say(answer(), INFO.labels)["label"] == ""


def test_found_boxes_are_in_pixels_of_a_picture_of_any_size():
    found = answer((0, 0.9, 0, 0, 16, 16), (1, 0.2, 40, 20, 48, 28))
    np.testing.assert_allclose(task().boxes(found, (40, 80)), [[0, 0, 0, 16, 16, 0.9]])
    np.testing.assert_allclose(task(threshold=0.1).boxes(found, (20, 160))[1], [1, 80, 10, 96, 14, 0.2])


def test_no_more_boxes_are_found_than_there_is_room_for(monkeypatch):
    many = answer(*((0, 0.5, 8 * i, 0, 8 * i + 4, 4) for i in range(9)))
    seen = []
    monkeypatch.setattr(
        measures, "suppressed", lambda boxes, labels: seen.append(len(boxes)) or np.ones(len(boxes), bool)
    )
    assert task(most_boxes=5).say(many, INFO.labels)["values"]["cell"] == 5
    assert seen == [5]
