import json

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from kerascnn.spec import DataInfo
from tests.helpers import make, normal

INFO = DataInfo((8, 8, 1), ("age", "weight"))
TRUTH = normal(20, 2) * np.array([10.0, 1.0], "float32") + np.array([40.0, 3.0], "float32")
ANSWERS = TRUTH + normal(20, 2, seed=1)


def task(**parameters):
    return make("task", "image_regression", **parameters)


def test_it_takes_numbers_and_asks_for_numbers():
    assert (task().reads, task().target, task().output) == ("image", "values", "values")
    assert task().outputs(INFO) == 2


def test_targets_are_the_numbers():
    found = task().targets(TRUTH.astype("float64"), INFO)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, TRUTH, rtol=1e-6)


@pytest.mark.parametrize(
    ("error", "wanted"),
    # Errors of 0.5 and 3: squares 0.25 and 9; Huber 0.125 and 3 - 0.5.
    [
        ("squared", 4.625),
        ("absolute", 1.75),
        ("huber", (0.125 + 2.5) / 2),
        ("log_cosh", np.log(np.cosh([0.5, 3])).mean()),
    ],
)
def test_the_loss_is_the_mean_error(error, wanted):
    y, guess = np.array([[1.0, 2.0]], "float32"), np.array([[1.5, 5.0]], "float32")
    assert float(task(error=error).loss(INFO)(y, guess)) == pytest.approx(wanted)


def test_huber_is_linear_from_delta_on():
    y, guess = np.array([[1.0, 2.0]], "float32"), np.array([[1.5, 5.0]], "float32")
    # 0.5 ** 2 / 2, and 2 * 3 - 2 ** 2 / 2.
    assert float(task(error="huber", delta=2.0).loss(INFO)(y, guess)) == pytest.approx((0.125 + 4) / 2)


def test_a_delta_that_the_error_does_not_read_is_an_error():
    with pytest.raises(ValidationError, match="is for `error: huber`; leave it out"):
        task(delta=2.0)


def test_log_cosh_of_huge_errors_is_finite():
    y, guess = np.array([[0.0, 0.0]], "float32"), np.array([[1e4, -1e4]], "float32")
    assert float(task(error="log_cosh").loss(INFO)(y, guess)) == pytest.approx(1e4 - np.log(2), rel=1e-6)


def test_the_compiled_metric_is_the_mean_absolute_error():
    (metric,) = task().compiled_metrics()
    assert [metric.name] == list(task().metrics) == ["mae"]
    assert task().metrics["mae"] == "min"
    metric.update_state(TRUTH, ANSWERS)
    assert float(metric.result()) == pytest.approx(mean_absolute_error(TRUTH, ANSWERS), rel=1e-5)


def test_the_report_agrees_with_scikit_learn():
    report = task().report(TRUTH, ANSWERS, INFO)
    metrics = report["metrics"]
    assert metrics["mae"] == pytest.approx(mean_absolute_error(TRUTH, ANSWERS), rel=1e-5)
    assert metrics["rmse"] == pytest.approx(np.sqrt(np.mean((TRUTH - ANSWERS) ** 2)), rel=1e-5)
    assert metrics["r2"] == pytest.approx(r2_score(TRUTH, ANSWERS), rel=1e-5)
    assert metrics["loss"] == pytest.approx(np.mean((TRUTH - ANSWERS) ** 2), rel=1e-4)
    for i, row in enumerate(report["per_class"]):
        truth, guess = TRUTH[:, i], ANSWERS[:, i]
        found = (row["mae"], row["rmse"], row["r2"], row["support"])
        wanted = (mean_absolute_error(truth, guess), root_mean_squared_error(truth, guess), r2_score(truth, guess), 20)
        assert found == pytest.approx(wanted, rel=1e-5)
    assert [row["label"] for row in report["per_class"]] == report["labels"] == ["age", "weight"]


def test_the_floor_is_what_the_best_constant_answer_would_get():
    truth = np.array([[0.0], [1.0], [8.0]], "float32")
    floor = task().report(truth, truth, DataInfo((8, 8, 1), ("age",)))["floor"]
    # The median, 1, has the least absolute error; the mean, 3, the least squared one: (9 + 4 + 25) / 3.
    assert floor["mae"] == pytest.approx(8 / 3)
    assert floor["rmse"] == pytest.approx(np.sqrt(38 / 3))


def test_a_number_that_all_samples_share_has_no_r2():
    truth = TRUTH.copy()
    truth[:, 1] = 7
    report = task().report(truth, ANSWERS, INFO)
    assert report["per_class"][1]["r2"] is None
    assert report["metrics"]["r2"] == report["per_class"][0]["r2"]


def test_what_is_said_names_every_number_and_no_confidence():
    said = task().say(np.array([41.25, 0.00012345], "float32"), INFO.labels)
    assert said["label"] == "age 41.25, weight 0.0001234"
    assert said["confidence"] is None
    assert said["values"] == pytest.approx({"age": 41.25, "weight": 0.00012345})


def test_the_report_is_plain_data():
    truth = TRUTH.copy()
    truth[:, 1] = 7
    report = task().report(truth, ANSWERS, INFO)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_figures_have_intervals_and_each_sample_its_part_of_the_first():
    report = task().report(TRUTH, ANSWERS, INFO)
    assert set(report["intervals"]) == {"mae", "rmse", "r2", "loss"} == set(report["floor"]) | {"loss"}
    absolute = task(error="absolute").report(TRUTH, ANSWERS, INFO)["intervals"]
    assert absolute["loss"] == pytest.approx(absolute["mae"], rel=1e-5)
    name, better, values = task().each(TRUTH, ANSWERS, INFO)
    assert (name, better) == ("mae", "min")
    assert values.mean() == pytest.approx(report["metrics"]["mae"])


def test_a_number_on_which_all_samples_agree_has_a_sentence_instead_of_r2():
    truth = np.full((4, 1), 7.0, "float32")
    report = task().report(truth, truth + 1, DataInfo((8, 8, 1), ("age",)))
    assert "r2" not in report["metrics"]
    assert report["per_class"][0]["r2"] is None
    assert report["notes"] == ["All samples agree on 'age': there is no R2."]
