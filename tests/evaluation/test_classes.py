import numpy as np
import pytest
from sklearn import metrics

from kerascnn.evaluation.classes import EachClass, OneClass
from kerascnn.evaluation.ranks import areas

LABELS = [f"c{i}" for i in range(6)]


def made(n=400, seed=0, absent=()):
    rng = np.random.default_rng(seed)
    truth = rng.choice([i for i in range(6) if i not in absent], size=n)
    raw = rng.random((n, 6)) ** 2 + 0.6 * np.eye(6)[truth]
    # Rounded, so that many answers are equal.
    raw = np.round(raw, 2) + 0.01
    return truth, raw / raw.sum(1, keepdims=True)


def made_sets(n=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = (rng.random((n, 4)) < [0.5, 0.3, 0.1, 0.7]).astype("uint8")
    return truth, np.round(np.clip(0.6 * rng.random((n, 4)) + 0.4 * truth, 0, 1), 2)


def test_figures_of_one_class_of_several_are_those_of_scikit_learn():
    truth, p = made()
    said, first = p.argmax(1), np.argsort(-p, axis=1, kind="stable")
    assert OneClass(truth, p).metrics() == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(truth, said),
            "top3_accuracy": (first[:, :3] == truth[:, None]).any(1).mean(),
            "top5_accuracy": (first[:, :5] == truth[:, None]).any(1).mean(),
            "log_loss": metrics.log_loss(truth, p),
            "balanced_accuracy": metrics.balanced_accuracy_score(truth, said),
            "macro_precision": metrics.precision_score(truth, said, average="macro"),
            "macro_f1": metrics.f1_score(truth, said, average="macro"),
            "roc_auc": metrics.roc_auc_score(truth, p, multi_class="ovr"),
            "pr_auc": np.mean([metrics.average_precision_score(truth == i, p[:, i]) for i in range(6)]),
        }
    )


def test_of_equal_answers_the_first_is_the_higher_one():
    p = np.array([[0.25, 0.25, 0.25, 0.25]])
    assert [OneClass(np.array([i]), p).metrics()["top3_accuracy"] for i in range(4)] == [1, 1, 1, 0]


def test_weights_count_like_samples_that_are_there_as_often():
    truth, p = made(60)
    counts = np.bincount(np.random.default_rng(2).integers(60, size=60), minlength=60)[None]
    scores, again = OneClass(truth, p), OneClass(np.repeat(truth, counts[0]), np.repeat(p, counts[0], axis=0))
    weighed = {**scores.simple(counts, scores.of_classes(counts)), **scores.ranked(counts)}
    assert {name: float(value[0]) for name, value in weighed.items()} == pytest.approx(again.metrics())


def test_areas_are_those_of_scikit_learn_with_weights_and_equal_scores():
    rng = np.random.default_rng(0)
    there, scores, weights = rng.random(80) < 0.4, np.round(rng.random(80), 1), rng.integers(0, 3, (1, 80))
    roc, average = areas(there, scores, weights)
    assert roc[0] == pytest.approx(metrics.roc_auc_score(there, scores, sample_weight=weights[0]))
    assert average[0] == pytest.approx(metrics.average_precision_score(there, scores, sample_weight=weights[0]))


def test_areas_of_a_class_that_none_or_all_show_are_not_defined():
    for there in (np.zeros(3, bool), np.ones(3, bool)):
        assert all(np.isnan(area[0]) for area in areas(there, np.array([0.1, 0.5, 0.3]), np.ones((1, 3), int)))


def test_rows_are_those_of_scikit_learn():
    truth, p = made()
    wanted = metrics.classification_report(truth, p.argmax(1), target_names=LABELS, output_dict=True)
    for i, row in enumerate(OneClass(truth, p).rows(LABELS)):
        assert row["f1"] == pytest.approx(wanted[row["label"]]["f1-score"])
        assert (row["precision"], row["recall"], row["support"]) == pytest.approx(
            tuple(wanted[row["label"]][name] for name in ("precision", "recall", "support"))
        )
        assert row["roc_auc"] == pytest.approx(metrics.roc_auc_score(truth == i, p[:, i]))


def test_a_class_without_samples_says_nothing_and_has_a_sentence():
    truth, p = made(absent=(4,))
    scores = OneClass(truth, p)
    row = scores.rows(LABELS)[4]
    assert (row["support"], row["recall"], row["roc_auc"]) == (0, None, None)
    # It is said, wrongly: that counts against the means, as in scikit-learn.
    assert row["f1"] == row["precision"] == 0.0
    assert scores.metrics()["macro_f1"] == pytest.approx(metrics.f1_score(truth, p.argmax(1), average="macro"))
    assert scores.metrics()["balanced_accuracy"] == pytest.approx(metrics.recall_score(
        truth, p.argmax(1), average="macro", labels=[0, 1, 2, 3, 5]
    ))  # fmt: skip
    assert scores.notes(LABELS) == ["No sample of this split is 'c4': recall and areas of 1 classes say nothing."]


def test_a_class_that_is_neither_there_nor_said_does_not_count():
    truth, p = np.array([0, 1, 0]), np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.3, 0.7, 0]])
    assert OneClass(truth, p).rows(["a", "b", "c"])[2]["f1"] is None
    assert OneClass(truth, p).metrics()["macro_f1"] == pytest.approx(2 / 3)


def test_every_figure_but_none_else_has_an_interval_that_holds_it():
    truth, p = made()
    scores = OneClass(truth, p)
    found = scores.intervals(LABELS)
    assert set(found["intervals"]) == set(scores.metrics())
    for name, value in scores.metrics().items():
        low, high = found["intervals"][name]
        assert low <= value <= high, name
        assert name == "top5_accuracy" or low < value < high, name
    for row, (low, high) in zip(scores.rows(LABELS), (r["f1"] for r in found["class_intervals"]), strict=True):
        assert low < row["f1"] < high


def test_the_baseline_is_what_always_saying_the_most_frequent_class_gets():
    truth = np.array([0] * 6 + [1] * 3 + [2])
    always = np.zeros((10, 3))
    always[:, 0] = 1
    floor, found = OneClass(truth, always).floor(), OneClass(truth, always).metrics()
    for name in ("accuracy", "balanced_accuracy", "roc_auc", "pr_auc"):
        assert floor[name] == pytest.approx(found[name]), name
    assert floor["macro_f1"] == pytest.approx(metrics.f1_score(truth, always.argmax(1), average="macro"))
    shares = np.tile([0.6, 0.3, 0.1], (10, 1))
    assert floor["log_loss"] == pytest.approx(metrics.log_loss(truth, shares))


def test_figures_of_each_class_by_itself_are_those_of_scikit_learn():
    truth, p = made_sets()
    said = p >= 0.4
    assert EachClass(truth, p, 0.4).metrics() == pytest.approx(
        {
            "exact_match": metrics.accuracy_score(truth, said),
            "log_loss": np.mean([metrics.log_loss(truth[:, i], np.maximum(p[:, i], 1e-7)) for i in range(4)]),
            "macro_precision": metrics.precision_score(truth, said, average="macro"),
            "macro_recall": metrics.recall_score(truth, said, average="macro"),
            "macro_f1": metrics.f1_score(truth, said, average="macro"),
            "micro_f1": metrics.f1_score(truth, said, average="micro"),
            "roc_auc": metrics.roc_auc_score(truth, p),
            "mean_average_precision": metrics.average_precision_score(truth, p),
        },
        rel=1e-4,
    )


def test_the_baseline_of_sets_is_the_most_frequent_one():
    truth, p = made_sets()
    floor = EachClass(truth, p, 0.5).floor()
    sets, counts = np.unique(truth, axis=0, return_counts=True)
    always = np.tile(sets[counts.argmax()], (len(truth), 1))
    assert floor["exact_match"] == pytest.approx(metrics.accuracy_score(truth, always))
    assert floor["macro_f1"] == pytest.approx(metrics.f1_score(truth, always, average="macro", zero_division=0))
    assert floor["log_loss"] == pytest.approx(
        np.mean([metrics.log_loss(truth[:, i], np.full(len(truth), truth[:, i].mean())) for i in range(4)])
    )


def test_so_many_classes_that_areas_would_take_minutes_have_no_interval_but_a_sentence(monkeypatch):
    monkeypatch.setattr("kerascnn.evaluation.bootstrap._WORK", 100 * 2400 - 1)
    found = OneClass(*made()).intervals(LABELS)
    assert "roc_auc" not in found["intervals"]
    assert "accuracy" in found["intervals"]
    assert "Areas under curves have no interval" in found["notes"][0]
