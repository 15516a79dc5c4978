"""Figures of vectors: pairs, thresholds and neighbours, on angles whose cosines are known."""

from itertools import permutations

import numpy as np
import pytest
from kerascnn_metric_learning import figures
from kerascnn_metric_learning.figures import Pairs, identify
from kerascnn_metric_learning.report import judged

from kerascnn.errors import DataError


def at(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def cosine(degrees):
    return float(np.cos(np.radians(degrees)))


def random_vectors(n, classes, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    found = rng.standard_normal((n, 4)) + 1.5 * rng.standard_normal((classes, 4))[truth]
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype("float32"), truth


def test_pairs_that_are_apart_have_no_error_and_a_threshold_in_the_middle_between_them():
    pairs = Pairs(at(0, 10, 90, 100), [0, 0, 1, 1])
    assert (pairs.same, pairs.different) == (2, 4)
    point = pairs.equal()
    assert (point.false_accepts, point.true_accepts) == (0, 1)
    # The nearest different pair is 80 degrees apart, the farthest of the same 10.
    assert point.threshold == pytest.approx((cosine(80) + cosine(10)) / 2, abs=1e-4)


def test_accepts_are_shares_of_the_pairs_at_a_threshold_or_above():
    # The same: 10, 60 degrees. Different: 90, 30, 80, 20.
    pairs = Pairs(at(0, 10, 90, 30), [0, 0, 1, 1])
    point = pairs.at(cosine(25))
    assert (point.false_accepts, point.true_accepts) == (1 / 4, 1 / 2)
    assert pairs.most(0.25).true_accepts == 1 / 2
    assert (pairs.most(0.5).false_accepts, pairs.most(0.5).true_accepts) == (1 / 2, 1)
    assert pairs.most(0.5).threshold == pytest.approx((cosine(80) + cosine(60)) / 2, abs=1e-4)
    assert pairs.most(0.1).false_accepts == 0
    assert pairs.most(0.1).true_accepts == 1 / 2


def test_all_pairs_are_counted_whatever_the_size_of_a_block(monkeypatch):
    vectors, truth = random_vectors(60, 5)
    whole = Pairs(vectors, truth)
    monkeypatch.setattr(figures, "_ROWS", 7)
    parts = Pairs(vectors, truth)
    np.testing.assert_array_equal(whole.counts, parts.counts)
    assert whole.same + whole.different == 60 * 59 // 2


def test_the_equal_error_rate_is_that_of_every_threshold_tried():
    vectors, truth = random_vectors(80, 6)
    rows, columns = np.triu_indices(80, 1)
    cosines, same = (vectors[rows] * vectors[columns]).sum(1), truth[rows] == truth[columns]
    rates = [((cosines[~same] >= t).mean(), (cosines[same] < t).mean()) for t in cosines]
    wanted = min(rates, key=lambda pair: abs(pair[0] - pair[1]))
    point = Pairs(vectors, truth).equal()
    assert (point.false_accepts + 1 - point.true_accepts) / 2 == pytest.approx(sum(wanted) / 2, abs=2e-3)


def test_neighbours_are_ranked_by_their_likeness():
    # Nearest first: 0 sees classes 1, 0, 1; 10 sees 0, 0, 1; 25 sees 1, 0, 1; 90 sees 0, 1, 0.
    found = identify(at(0, 10, 25, 90), [0, 1, 0, 1])
    assert found.first.tolist() == [False] * 4
    assert found.fifth.tolist() == [True] * 4
    assert found.precision.tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 2, 1 / 2])
    # Each of them has two of the three others against it.
    assert found.voted.tolist() == [False] * 4
    # One partner among three others, at each place as likely: 1, 1/2, 1/3. Half of the samples are of either class.
    assert found.chance == pytest.approx((1 / 3, 1, 1 / 2, 11 / 18))


def test_neighbours_vote_and_of_as_many_the_nearest_decides():
    assert figures._vote(np.array([[1, 0, 0, 1, 2], [2, 0, 0, 3, 4], [5, 5, 5, 1, 1]])).tolist() == [1, 0, 5]
    # Two of class 1 stand nearer to the first than the only other one of its class.
    found = identify(at(0, 1, 2, 60, 61), [0, 1, 1, 0, 0])
    assert found.voted.tolist() == [False, False, False, True, True]


def test_what_guessing_gets_is_the_mean_over_all_orders():
    # Two partners among six others.
    hits = np.array(sorted(set(permutations([1, 1, 0, 0, 0, 0]))))
    precision = ((hits.cumsum(1) / np.arange(1, 7)) * hits).sum(1) / 2
    wanted = (hits[:, 0].mean(), hits[:, :5].any(1).mean(), precision.mean())
    assert figures._chance(np.array([2]), 6) == pytest.approx(wanted)


def test_a_sample_that_is_alone_in_its_class_is_not_looked_for_but_is_in_the_way(monkeypatch):
    found = identify(at(0, 10, 90), [0, 1, 0])
    assert found.queries.tolist() == [0, 2]
    assert found.first.tolist() == [False, False]
    vectors, truth = random_vectors(40, 4)
    monkeypatch.setattr(figures, "QUERIES", 10)
    assert len(identify(vectors, truth).queries) == 10


def test_no_sample_is_its_own_neighbour_even_where_all_are_equal():
    found = identify(at(0, 0, 0, 0), [0, 0, 1, 1])
    # The one partner is at the first, second or third place.
    assert set(found.precision.tolist()) <= {1, 1 / 2, 1 / 3}
    assert len(found.first) == 4


@pytest.mark.parametrize(("classes", "said"), [([0, 1, 2], "no class has two"), ([1, 1, 1], "all samples here are of")])
def test_a_split_without_pairs_of_either_sort_is_refused(classes, said):
    with pytest.raises(DataError, match=said):
        Pairs(at(0, 10, 20), classes)


def test_the_report_tells_each_figure_beside_guessing_and_keeps_a_threshold():
    vectors, truth = random_vectors(60, 5)
    report = judged(truth, vectors, list("abcdef"))
    assert next(iter(report["metrics"])) == "equal_error_rate"
    assert set(report["floor"]) == set(report["metrics"])
    # About 1,400 different pairs say something of a thousandth.
    assert report["floor"]["true_accepts_at_0.001"] == 0.001
    assert report["metrics"]["equal_error_rate"] < 0.4
    assert report["metrics"]["mean_average_precision"] > report["floor"]["mean_average_precision"]
    assert [row["label"] for row in report["per_class"]] == list("abcde")
    assert report["threshold"]["rule"] == "equal error rates"
    strict = judged(truth, vectors, list("abcdef"), 0.01)["threshold"]
    assert strict["false_accepts"] <= 0.01
    assert strict["threshold"] > report["threshold"]["threshold"]


def test_rates_that_a_few_pairs_cannot_tell_are_left_out_and_that_is_said():
    report = judged([0, 0, 1, 1, 2], at(0, 10, 90, 100, 180), ["a", "b", "c"])
    assert "true_accepts_at_0.1" not in report["metrics"]
    assert any("too few" in note for note in report["notes"])
    assert any("1 samples are the only ones" in note for note in report["notes"])
    assert report["per_class"][2] == {"label": "c", "rank_1": None, "mean_average_precision": None, "support": 1}
