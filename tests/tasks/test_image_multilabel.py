import json

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import average_precision_score, classification_report, f1_score, log_loss, roc_auc_score

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo((8, 8, 1), ("cat", "dog", "owl"))
TRUTH = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0]], "uint8")
ANSWERS = np.array(
    [[0.9, 0.2, 0.1], [0.6, 0.4, 0.2], [0.3, 0.1, 0.6], [0.2, 0.8, 0.1], [0.4, 0.3, 0.1], [0.5, 0.7, 0.2]], "float32"
)


def task(**parameters):
    return make("task", "image_multilabel", **parameters)


def test_it_takes_several_classes_and_asks_for_a_probability_of_each():
    assert (task().reads, task().target, task().output) == ("image", "classes", "each_class")
    assert task().outputs(INFO) == 3


def test_targets_are_rows_of_0_and_1():
    found = task().targets(TRUTH, INFO)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, TRUTH)


def test_the_loss_is_the_mean_binary_cross_entropy_of_all_classes():
    wanted = np.mean([log_loss(TRUTH[:, i], ANSWERS[:, i], labels=[0, 1]) for i in range(3)])
    assert float(task().loss(INFO)(TRUTH.astype("float32"), ANSWERS)) == pytest.approx(wanted, rel=1e-4)


def test_label_smoothing_moves_targets_towards_a_half():
    wanted = -(0.9 * np.log(0.8) + 0.1 * np.log(0.2))
    info = DataInfo((8, 8, 1), ("cat",))
    found = float(task(label_smoothing=0.2).loss(info)(np.ones((1, 1), "float32"), np.full((1, 1), 0.8, "float32")))
    assert found == pytest.approx(wanted, rel=1e-5)


def test_focal_loss_hardly_counts_decisions_that_are_right():
    right = np.where(TRUTH == 1, ANSWERS, 1 - ANSWERS).astype("float64")
    found = float(task(criterion="focal").loss(INFO)(TRUTH.astype("float32"), ANSWERS))
    assert found == pytest.approx((-((1 - right) ** 2) * np.log(right)).mean(), rel=1e-5)


def test_classes_can_be_weighed_by_name_where_they_are_there():
    right = np.where(TRUTH == 1, ANSWERS, 1 - ANSWERS).astype("float64")
    weights = np.where(TRUTH == 1, [1, 5, 1], 1)
    found = float(task(class_weights={"dog": 5}).loss(INFO)(TRUTH.astype("float32"), ANSWERS))
    assert found == pytest.approx((-weights * np.log(right)).mean(), rel=1e-5)


def test_a_gamma_that_the_criterion_does_not_read_is_an_error():
    with pytest.raises(ValidationError, match="is for `criterion: focal`; leave it out"):
        task(gamma=1.0)


def test_the_compiled_auc_is_that_of_all_classes_together():
    (metric,) = task().compiled_metrics()
    assert [metric.name] == list(task().metrics) == ["auc"]
    metric.update_state(TRUTH.astype("float32"), ANSWERS)
    assert float(metric.result()) == pytest.approx(roc_auc_score(TRUTH.ravel(), ANSWERS.ravel()), abs=0.01)


def test_the_report_agrees_with_scikit_learn():
    report, guesses = task().report(TRUTH, ANSWERS, INFO), (ANSWERS >= 0.5).astype(int)
    metrics = report["metrics"]
    # The rows 0, 3 and nothing else: the second lacks its dog, the third has an owl, the fifth no cat, the sixth a cat.
    assert metrics["exact_match"] == pytest.approx(2 / 6)
    assert metrics["macro_f1"] == pytest.approx(f1_score(TRUTH, guesses, average="macro", zero_division=0.0))
    average = [average_precision_score(TRUTH[:, i], ANSWERS[:, i]) for i in range(2)]
    assert metrics["mean_average_precision"] == pytest.approx(np.mean(average))
    rows = classification_report(TRUTH, guesses, target_names=INFO.labels, output_dict=True, zero_division=0.0)
    for row in report["per_class"][:2]:
        wanted = rows[row["label"]]
        found = (row["precision"], row["recall"], row["f1"], row["support"])
        assert found == pytest.approx((wanted["precision"], wanted["recall"], wanted["f1-score"], wanted["support"]))
    assert [row["label"] for row in report["per_class"]] == report["labels"] == list(INFO.labels)


def test_a_class_that_no_sample_has_says_nothing_of_the_average_precision():
    owl = task().report(TRUTH, ANSWERS, INFO)["per_class"][2]
    assert (owl["support"], owl["average_precision"], owl["recall"]) == (0, None, None)


def test_a_class_that_every_sample_has_says_nothing_either():
    report = task().report(np.ones((3, 3), int), np.full((3, 3), 0.9, "float32"), INFO)
    assert {"mean_average_precision", "roc_auc"}.isdisjoint(report["metrics"])
    assert report["metrics"]["exact_match"] == 1.0


def test_a_single_class_has_one_row():
    report = task().report(TRUTH[:, :1], ANSWERS[:, :1], DataInfo((8, 8, 1), ("cat",)))
    (row,) = report["per_class"]
    # Said of the samples 0, 1 and 5; true of 0, 1 and 4.
    assert (row["precision"], row["recall"], row["support"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)


def test_the_floor_is_what_the_commonest_set_of_classes_would_get():
    # Cat alone twice, dog alone twice, of six.
    assert task().report(TRUTH, ANSWERS, INFO)["floor"]["exact_match"] == pytest.approx(2 / 6)


def test_the_threshold_decides_which_classes_are_there():
    low = task(threshold=0.3).report(TRUTH, ANSWERS, INFO)
    assert low["per_class"][0]["recall"] == 1.0
    assert task(threshold=0.3).say(ANSWERS[1], INFO.labels)["label"] == "cat;dog"
    assert task(threshold=0.3).say(ANSWERS[3], INFO.labels)["label"] == "dog"


def test_what_is_said_names_every_class_and_how_sure_the_least_sure_decision_is():
    said = task().say(ANSWERS[1], INFO.labels)
    assert said["label"] == "cat"
    assert said["confidence"] == pytest.approx(0.6)
    assert said["probabilities"] == pytest.approx({"cat": 0.6, "dog": 0.4, "owl": 0.2})


def test_nothing_may_be_there():
    assert task().say(np.array([0.1, 0.2, 0.1], "float32"), INFO.labels)["label"] == ""


def test_the_report_is_plain_data():
    report = task().report(TRUTH, ANSWERS, INFO)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_how_sure_an_answer_is_and_whether_it_is_right_are_those_of_the_whole_set():
    sure, right = task(threshold=0.55).decisions(TRUTH, ANSWERS)
    said = [task(threshold=0.55).say(row, INFO.labels)["confidence"] for row in ANSWERS]
    assert sure.tolist() == pytest.approx(said)
    assert right.tolist() == [True, False, False, True, False, True]
    name, better, values = task(threshold=0.55).each(TRUTH, ANSWERS, INFO)
    assert (name, better, values.mean()) == ("exact_match", "max", 0.5)


def test_figures_have_intervals_and_baselines_beside_them():
    report = task().report(TRUTH, ANSWERS, INFO)
    assert set(report["intervals"]) == set(report["metrics"])
    assert set(report["floor"]) <= set(report["intervals"])


def test_the_plain_loss_has_the_interval_of_the_log_loss_and_one_with_weights_its_own():
    bounds = task().report(TRUTH, ANSWERS, INFO)["intervals"]
    assert bounds["loss"] == pytest.approx(bounds["log_loss"], rel=1e-5)
    report = task(class_weights={"cat": 3}).report(TRUTH, ANSWERS, INFO)
    assert report["intervals"]["loss"][0] < report["metrics"]["loss"] < report["intervals"]["loss"][1]
    assert report["intervals"]["loss"][1] > bounds["loss"][1]
