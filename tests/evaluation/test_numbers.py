import numpy as np
import pytest
from sklearn import metrics

from kerascnn.evaluation.numbers import NumberScores
from tests.helpers import normal

TRUTH = normal(200, 2).astype("float64") * [10, 1] + [40, 3]
ANSWERS = TRUTH + normal(200, 2, seed=1)


def test_figures_are_those_of_scikit_learn():
    assert NumberScores(TRUTH, ANSWERS).metrics() == pytest.approx(
        {
            "mae": metrics.mean_absolute_error(TRUTH, ANSWERS),
            "rmse": np.sqrt(metrics.mean_squared_error(TRUTH, ANSWERS)),
            "r2": metrics.r2_score(TRUTH, ANSWERS),
        }
    )


def test_weights_count_like_samples_that_are_there_as_often():
    counts = np.bincount(np.random.default_rng(0).integers(200, size=200), minlength=200)
    found = NumberScores(TRUTH, ANSWERS).figures(counts[None])
    again = NumberScores(np.repeat(TRUTH, counts, axis=0), np.repeat(ANSWERS, counts, axis=0)).metrics()
    assert {name: float(value[0]) for name, value in found.items()} == pytest.approx(again)


def test_r2_far_from_zero_keeps_its_variation():
    assert NumberScores(TRUTH + 1e9, ANSWERS + 1e9).metrics()["r2"] == pytest.approx(
        metrics.r2_score(TRUTH, ANSWERS), rel=1e-5
    )


def test_a_number_on_which_all_agree_has_no_r2():
    same = np.full((5, 1), 0.1)
    assert set(NumberScores(same, same + 1).metrics()) == {"mae", "rmse"}


def test_mase_takes_the_place_of_r2_where_there_are_units():
    scores = NumberScores([[1.0, 2.0]], [[2.0, 2.0]], np.array([[2.0, 0.0]]))
    assert scores.metrics() == pytest.approx({"mae": 0.5, "rmse": 0.5**0.5, "mase": 0.5})


def test_every_figure_has_an_interval_that_holds_it():
    scores = NumberScores(TRUTH, ANSWERS)
    bounds = scores.intervals()
    for name, value in scores.metrics().items():
        assert bounds[name][0] < value < bounds[name][1]


def test_further_means_have_intervals_of_the_same_resamples():
    scores = NumberScores(TRUTH, ANSWERS)
    bounds = scores.intervals({"also": scores.sizes.mean(1)})
    assert bounds["also"] == pytest.approx(bounds["mae"])
    assert {name: bounds[name] for name in ("mae", "rmse", "r2")} == scores.intervals()
