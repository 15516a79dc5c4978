import json
import math

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, f1_score, log_loss

from kerascnn.spec import DataInfo
from tests.helpers import make

INFO = DataInfo((8, 8, 1), ("cat", "dog", "owl", "newt"))
TRUTH = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 0, 1, 2])


def answers(seed=0):
    """Return probabilities that are right more often than not."""
    raw = np.random.default_rng(seed).random((len(TRUTH), 4)) + 0.7 * np.eye(4)[TRUTH]
    return (raw / raw.sum(1, keepdims=True)).astype("float32")


def test_targets_are_one_hot_rows():
    found = make("task", "image_classification").targets(np.array([2, 0]), INFO)
    assert found.dtype == np.float32
    assert found.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


def test_the_head_has_an_output_for_each_class():
    assert make("task", "image_classification").outputs(INFO) == 4


def test_the_loss_is_the_mean_cross_entropy():
    y = np.array([[1.0, 0.0], [0.0, 1.0]], "float32")
    p = np.array([[0.8, 0.2], [0.7, 0.3]], "float32")
    found = float(make("task", "image_classification").loss(DataInfo.of((8, 8, 1), 2))(y, p))
    assert found == pytest.approx(-(math.log(0.8) + math.log(0.3)) / 2, rel=1e-5)


def test_label_smoothing_spreads_a_share_of_the_target_over_all_classes():
    y, p = np.array([[0.0, 1.0, 0.0, 0.0]], "float32"), np.array([[0.1, 0.6, 0.1, 0.2]], "float32")
    found = float(make("task", "image_classification", label_smoothing=0.2).loss(INFO)(y, p))
    # 0.8 of the target stays, and each of the four classes gets 0.05.
    wanted = -(0.05 * math.log(0.1) + 0.85 * math.log(0.6) + 0.05 * math.log(0.1) + 0.05 * math.log(0.2))
    assert found == pytest.approx(wanted, rel=1e-5)


def test_focal_loss_hardly_counts_what_is_answered_well():
    y, p = np.eye(4, dtype="float32")[:2], np.array([[0.9, 0.1, 0, 0], [0.7, 0.3, 0, 0]], "float32")
    found = float(make("task", "image_classification", criterion="focal", gamma=3.0).loss(INFO)(y, p))
    assert found == pytest.approx(-(0.1**3 * math.log(0.9) + 0.7**3 * math.log(0.3)) / 2, rel=1e-5)


def test_auto_weights_make_the_classes_count_alike():
    info = DataInfo((8, 8, 1), INFO.labels, {"train": {"cat": 60, "dog": 20, "owl": 10, "newt": 10}})
    y, p = np.eye(4, dtype="float32"), np.full((4, 4), 0.25, "float32")
    loss = make("task", "image_classification", class_weights="auto").loss(info)
    # 100 / (4 * count).
    wanted = [math.log(4) * weight for weight in (100 / 240, 100 / 80, 2.5, 2.5)]
    assert [float(loss(y[i : i + 1], p[i : i + 1])) for i in range(4)] == pytest.approx(wanted, rel=1e-5)


def test_the_report_has_the_weighted_loss():
    report = make("task", "image_classification", class_weights={"owl": 3}).report(TRUTH, answers(), INFO)
    weights = np.where(TRUTH == 2, 3, 1)
    each = -np.log(answers()[np.arange(len(TRUTH)), TRUTH])
    assert report["metrics"]["loss"] == pytest.approx((weights * each).mean(), rel=1e-5)


def test_a_gamma_that_the_criterion_does_not_read_is_an_error():
    with pytest.raises(ValidationError, match="is for `criterion: focal`; leave it out"):
        make("task", "image_classification", gamma=1.0)


def test_every_metric_of_the_task_is_compiled_under_its_name():
    task = make("task", "image_classification")
    assert [metric.name for metric in task.compiled_metrics()] == list(task.metrics) == ["accuracy"]
    assert task.metrics["accuracy"] == "max"


def test_the_compiled_accuracy_is_the_share_of_right_answers():
    (metric,) = make("task", "image_classification").compiled_metrics()
    metric.update_state(np.eye(4)[TRUTH], answers())
    assert float(metric.result()) == pytest.approx(accuracy_score(TRUTH, answers().argmax(1)))


def test_the_report_agrees_with_scikit_learn():
    report = make("task", "image_classification").report(TRUTH, answers(), INFO)
    guesses = answers().argmax(1)
    metrics = report["metrics"]
    assert metrics["accuracy"] == pytest.approx(accuracy_score(TRUTH, guesses))
    wanted_f1 = f1_score(TRUTH, guesses, average="macro")
    assert metrics["macro_f1"] == pytest.approx(wanted_f1)
    assert metrics["loss"] == pytest.approx(log_loss(TRUTH, answers(), labels=range(4)), rel=1e-5)
    assert report["confusion_matrix"] == confusion_matrix(TRUTH, guesses, labels=range(4)).tolist()
    rows = classification_report(
        TRUTH, guesses, labels=range(4), target_names=INFO.labels, output_dict=True, zero_division=0.0
    )
    for row in report["per_class"][:3]:
        wanted = rows[row["label"]]
        assert row["support"] == wanted["support"]
        for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert row[ours] == pytest.approx(wanted[theirs])
    assert [row["label"] for row in report["per_class"]] == report["labels"] == list(INFO.labels)


def test_a_class_without_samples_says_nothing_and_a_sentence_says_so():
    report = make("task", "image_classification").report(TRUTH, answers(), INFO)
    newt = report["per_class"][3]
    assert (newt["support"], newt["recall"], newt["roc_auc"]) == (0, None, None)
    assert "'newt'" in report["notes"][0]


def test_figures_have_intervals_and_baselines_beside_them():
    report = make("task", "image_classification").report(TRUTH, answers(), INFO)
    names = set(report["metrics"]) - {"accuracy_low", "accuracy_high"}
    assert set(report["intervals"]) == set(report["floor"]) | {"loss"} == names
    assert next(iter(report["metrics"])) == "accuracy"
    assert report["floor"]["accuracy"] == 5 / 12
    assert [row["label"] for row in report["class_intervals"]] == list(INFO.labels)


def test_the_plain_loss_has_the_interval_of_the_log_loss():
    bounds = make("task", "image_classification").report(TRUTH, answers(), INFO)["intervals"]
    assert bounds["loss"] == pytest.approx(bounds["log_loss"], rel=1e-5)


@pytest.mark.parametrize(
    "fields", [{"class_weights": {"cat": 4.0}}, {"label_smoothing": 0.1}, {"criterion": "focal", "gamma": 1.0}]
)
def test_the_loss_of_a_training_is_a_mean_over_samples_that_its_interval_holds(fields):
    report = make("task", "image_classification", **fields).report(TRUTH, answers(), INFO)
    low, high = report["intervals"]["loss"]
    assert low < report["metrics"]["loss"] < high


def test_each_sample_has_its_part_of_the_accuracy_and_says_how_sure_it_is():
    task, p = make("task", "image_classification"), answers()
    name, better, values = task.each(TRUTH, p, INFO)
    assert (name, better) == ("accuracy", "max")
    assert values.mean() == pytest.approx(task.report(TRUTH, p, INFO)["metrics"]["accuracy"])
    sure, right = task.decisions(TRUTH, p)
    assert sure.tolist() == p.max(1).tolist()
    assert right.tolist() == values.astype(bool).tolist()


@pytest.mark.parametrize(("right", "n"), [(8, 10), (0, 5), (5, 5), (980, 1000)])
def test_the_interval_of_the_accuracy_is_wilsons(right, n):
    truth = np.zeros(n, dtype=int)
    guesses = np.eye(2)[[0] * right + [1] * (n - right)]
    found = make("task", "image_classification").report(truth, guesses, DataInfo.of((8, 8, 1), 2))["metrics"]
    z, p = 1.959963984540054, right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert found["accuracy"] == p
    assert found["accuracy_low"] == pytest.approx(centre - half, abs=1e-9)
    assert found["accuracy_high"] == pytest.approx(centre + half, abs=1e-9)


def test_the_report_is_plain_data():
    report = make("task", "image_classification", label_smoothing=0.1).report(TRUTH.tolist(), answers(), INFO)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
