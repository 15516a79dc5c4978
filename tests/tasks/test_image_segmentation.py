import json
import math

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import classification_report, confusion_matrix, jaccard_score

from kerascnn.errors import DataError
from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo((2, 3, 1), ("cell", "wall"))
# Three pixels of class 0, two of class 1, one that counts for nothing.
TRUTH = np.array([[[0, 0, 0], [1, 1, 255]]], "uint8")
SAID = np.array([[[0, 0, 1], [1, 1, 0]]])
ANSWERS = np.where(np.eye(2)[SAID] == 1, 0.8, 0.2).astype("float32")


def task(**parameters):
    return make("task", "image_segmentation", **parameters)


def report(truth=TRUTH, answers=ANSWERS, info=INFO, **parameters):
    return task(**parameters).report(truth, answers, info)


def drawn(seed=0, classes=4):
    """Return masks, answers that are right more often than not, and what is known of the classes."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([*range(classes), 255], (3, 9, 7)).astype("uint8")
    raw = rng.random((3, 9, 7, classes)) + 0.5 * np.eye(classes)[truth % classes]
    answers = (raw / raw.sum(-1, keepdims=True)).astype("float32")
    return truth, answers, DataInfo.of((9, 7, 1), classes)


def test_there_is_an_output_for_each_class():
    assert task().outputs(INFO) == 2


def test_targets_are_the_masks_as_bytes():
    found = task().targets(TRUTH.astype(int), INFO)
    assert found.dtype == np.uint8
    assert (found == TRUTH).all()


def test_every_metric_of_the_task_is_compiled_under_its_name():
    assert [metric.name for metric in task().compiled_metrics()] == list(task().metrics)
    assert set(task().metrics.values()) == {"max"}


def test_the_loss_is_the_mean_cross_entropy_of_the_pixels_that_count():
    assert float(task().loss(INFO)(TRUTH, ANSWERS)) == pytest.approx(-(4 * math.log(0.8) + math.log(0.2)) / 5, rel=1e-5)


def test_class_weights_let_both_classes_count_alike():
    found = float(task(class_weights="auto").loss(INFO)(TRUTH, ANSWERS))
    wall, cell = -math.log(0.8), -(2 * math.log(0.8) + math.log(0.2)) / 3
    assert found == pytest.approx((wall + cell) / 2, rel=1e-5)


def test_a_criterion_of_two_is_their_sum():
    kinds = ("cross_entropy", "dice", "cross_entropy_dice")
    losses = [float(task(criterion=name).loss(INFO)(TRUTH, ANSWERS)) for name in kinds]
    assert losses[0] + losses[1] == pytest.approx(losses[2], rel=1e-6)


def test_tversky_has_the_weights_of_the_task():
    # Cell: 1.8 of 3 found, 0.4 too much; wall: 1.6 of 2 found, 1.2 too much.
    cell, wall = 1.8 / (1.8 + 0.1 * 0.4 + 0.9 * 1.2), 1.6 / (1.6 + 0.1 * 1.2 + 0.9 * 0.4)
    found = float(task(criterion="tversky", alpha=0.1, beta=0.9).loss(INFO)(TRUTH, ANSWERS))
    assert found == pytest.approx(1 - (cell + wall) / 2, rel=1e-5)


def test_focal_has_the_gamma_of_the_task():
    wanted = -(4 * 0.2**3 * math.log(0.8) + 0.8**3 * math.log(0.2)) / 5
    assert float(task(criterion="focal", gamma=3.0).loss(INFO)(TRUTH, ANSWERS)) == pytest.approx(wanted, rel=1e-5)


def test_classes_can_be_weighed_by_name():
    found = float(task(class_weights={"wall": 4}).loss(INFO)(TRUTH, ANSWERS))
    assert found == pytest.approx(-((2 + 4 * 2) * math.log(0.8) + math.log(0.2)) / (3 + 4 * 2), rel=1e-5)


def test_a_weight_of_a_class_that_is_not_there_is_an_error():
    with pytest.raises(DataError, match="walls: did you mean 'wall'"):
        task(class_weights={"walls": 4}).loss(INFO)


@pytest.mark.parametrize(
    "fields", [{"gamma": 3.0}, {"criterion": "dice", "alpha": 0.5}, {"criterion": "focal_dice", "beta": 0.9}]
)
def test_a_field_that_the_criterion_does_not_read_is_an_error(fields):
    with pytest.raises(ValidationError, match=r"is for `criterion: .*; leave it out"):
        task(**fields)


def test_the_report_counts_pixels_by_hand():
    found = report()
    assert found["confusion_matrix"] == [[2, 1], [0, 2]]
    assert list(found["metrics"]) == ["mean_iou", "pixel_accuracy", "mean_dice", "loss"]
    assert found["metrics"]["mean_iou"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found["metrics"]["pixel_accuracy"] == pytest.approx(4 / 5)
    assert found["metrics"]["mean_dice"] == pytest.approx((4 / 5 + 4 / 5) / 2)
    cell, wall = found["per_class"]
    assert cell == pytest.approx(
        {"label": "cell", "iou": 2 / 3, "dice": 0.8, "precision": 1.0, "recall": 2 / 3, "support": 3}
    )
    assert wall == pytest.approx(
        {"label": "wall", "iou": 2 / 3, "dice": 0.8, "precision": 2 / 3, "recall": 1.0, "support": 2}
    )


def test_the_floor_is_what_the_most_frequent_class_alone_would_get():
    assert report()["floor"] == pytest.approx({"mean_iou": 3 / 5 / 2, "pixel_accuracy": 3 / 5, "mean_dice": 6 / 8 / 2})


def test_the_report_agrees_with_scikit_learn():
    truth, answers, info = drawn()
    found = report(truth, answers, info)
    wanted, said = truth[truth < 255], answers.argmax(-1)[truth < 255]
    assert found["confusion_matrix"] == confusion_matrix(wanted, said).tolist()
    assert found["metrics"]["mean_iou"] == pytest.approx(jaccard_score(wanted, said, average="macro"))
    rows = classification_report(wanted, said, target_names=info.labels, output_dict=True)
    for row in found["per_class"]:
        theirs = rows[row["label"]]
        assert row["support"] == theirs["support"]
        for ours, name in (("dice", "f1-score"), ("precision", "precision"), ("recall", "recall")):
            assert row[ours] == pytest.approx(theirs[name])


def test_training_and_report_agree_on_the_figures():
    truth, answers, info = drawn()
    metrics = task().compiled_metrics()
    for metric in metrics:
        metric.update_state(truth, answers)
    found = report(truth, answers, info)["metrics"]
    assert {metric.name: float(metric.result()) for metric in metrics} == pytest.approx(
        {name: found[name] for name in task().metrics}
    )
    assert float(task().loss(INFO)(truth, answers)) == pytest.approx(found["loss"])


def test_a_class_that_occurs_nowhere_has_no_figures_and_no_say():
    info = DataInfo((2, 3, 1), ("cell", "wall", "dust"))
    answers = np.concatenate([ANSWERS, np.zeros((*ANSWERS.shape[:-1], 1), "float32")], -1)
    found = report(answers=answers, info=info)
    assert found["per_class"][2] == {
        "label": "dust", "iou": None, "dice": None, "precision": None, "recall": None, "support": 0,
    }  # fmt: skip
    assert found["metrics"]["mean_iou"] == pytest.approx(2 / 3)


def test_a_class_that_is_said_but_never_true_has_figures_of_0():
    info = DataInfo((1, 2, 1), ("cell", "wall"))
    found = report(np.zeros((1, 1, 2), "uint8"), np.eye(2, dtype="float32")[[[[0, 1]]]], info)
    assert found["per_class"][1] == {
        "label": "wall", "iou": 0.0, "dice": 0.0, "precision": 0.0, "recall": 0.0, "support": 0,
    }  # fmt: skip
    assert found["metrics"]["mean_iou"] == pytest.approx(1 / 4)


def test_masks_in_which_nothing_counts_are_an_error():
    with pytest.raises(DataError, match="no pixel counts: every mask is 255 all over"):
        report(np.full_like(TRUTH, 255))


def test_the_report_is_plain_data():
    found = report(criterion="cross_entropy_dice", class_weights="auto")
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_every_figure_has_an_interval_that_holds_it():
    truth, answers, info = drawn()
    found = report(truth, answers, info)
    assert set(found["intervals"]) == {"mean_iou", "pixel_accuracy", "mean_dice", "loss"}
    for name, (low, high) in found["intervals"].items():
        assert low <= found["metrics"][name] <= high


def test_each_picture_has_its_own_mean_iou():
    truth = np.concatenate([TRUTH, TRUTH, np.full_like(TRUTH, 255)])
    answers = np.concatenate([ANSWERS, np.eye(2, dtype="float32")[TRUTH % 2], ANSWERS])
    name, better, values = task().each(truth, answers, INFO)
    assert (name, better) == ("picture_iou", "max")
    assert values[:2].tolist() == pytest.approx([2 / 3, 1])
    assert np.isnan(values[2])


def test_an_answer_is_the_share_of_each_class():
    said = task().say(ANSWERS[0], ("cell", "wall"))
    assert said == {"label": "cell 50.0%, wall 50.0%", "confidence": None, "values": {"cell": 0.5, "wall": 0.5}}
    assert task().say(ANSWERS[0][1:], ("cell", "wall"))["label"] == "wall 66.7%, cell 33.3%"
    assert task().say(ANSWERS[0][1:, :2], ("cell", "wall"))["label"] == "wall 100.0%"
