"""Where a run fails, from its kept answers."""

import numpy as np
import pytest

from kerascnn.errors import UsageError
from kerascnn.runs.failures import failures, say_found
from tests.runs.made import make_run, spec_tree, sure_of

TRUTH = [0, 0, 0, 1, 1, 2]
ANSWERS = [
    [0.8, 0.1, 0.1],
    [0.3, 0.6, 0.1],
    [0.01, 0.98, 0.01],
    [0.7, 0.2, 0.1],
    [0.1, 0.8, 0.1],
    [0.0, 0.45, 0.55],
]


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, TRUTH, ANSWERS, ("a", "b", "c"))


def test_the_worst_mistakes_have_the_largest_loss(run):
    worst = failures(run)["worst"]
    assert [row["id"] for row in worst] == ["2.png", "3.png", "1.png", "5.png", "0.png", "4.png"]
    assert worst[0] == {
        "id": "2.png",
        "truth": "a",
        "said": "b",
        "confidence": pytest.approx(0.98),
        "loss": pytest.approx(-np.log(0.01), rel=1e-6),
    }


def test_a_probability_of_nothing_is_no_infinite_loss(tmp_path):
    worst = failures(make_run(tmp_path, [0, 1], [[0.0, 1.0], [0.0, 1.0]]))["worst"]
    assert worst[0]["loss"] == pytest.approx(-np.log(1e-7))


def test_what_is_wrong_but_sure_comes_by_how_sure_it_is(run):
    found = failures(run)
    assert [(row["id"], round(row["confidence"], 2)) for row in found["sure"]] == [
        ("2.png", 0.98),
        ("3.png", 0.7),
        ("1.png", 0.6),
    ]
    assert found["wrong"] == 3


def test_confused_pairs_count_both_directions(run):
    assert failures(run)["confused"] == [{"classes": ["a", "b"], "counts": [2, 1], "ids": ["2.png", "3.png", "1.png"]}]


def test_there_are_at_most_so_many_of_each(run):
    found = failures(run, top=1)
    assert [len(found[key]) for key in ("worst", "sure", "confused", "label_errors")] == [1, 1, 1, 1]
    assert found["wrong"] == 3
    with pytest.raises(UsageError, match=r"one failure or more of each kind \(got 0\)"):
        failures(run, top=0)


def test_labels_that_were_judged_are_no_candidates(run):
    rows = failures(run)["label_errors"]
    # Thresholds: 0.37 for a, 0.5 for b, 0.55 for c.
    assert [(row["id"], row["label"], row["suggested"]) for row in rows] == [
        ("2.png", "a", "b"),
        ("3.png", "b", "a"),
        ("1.png", "a", "b"),
    ]
    found = failures(run, judged={"2.png", "5.png"})
    assert [row["id"] for row in found["label_errors"]] == ["3.png", "1.png"]
    assert (found["judged"], found["label_errors_found"]) == (1, 2)
    assert say_found(found) == ("3 of 6 test samples are answered wrongly; 2 labels may be wrong (1 judged already)")
    assert "candidates" in found["notes"][-1]


def test_labels_that_were_learnt_are_not_called_into_question(tmp_path):
    found = failures(make_run(tmp_path, TRUTH, ANSWERS, ("a", "b", "c"), split="train"), "train")
    assert found["label_errors"] is None
    assert any("has learnt these very labels" in note for note in found["notes"])
    assert found["wrong"] == 3


def test_samples_of_several_classes_are_wrong_by_class(tmp_path):
    truth = np.array([[1, 0], [0, 1], [1, 1]], "uint8")
    found = failures(make_run(tmp_path, truth, [[0.1, 0.8], [0.4, 0.9], [0.9, 0.9]]))
    assert found["wrong"] == 1
    assert [(row["class"], round(row["confidence"], 2)) for row in found["sure"]] == [("a", 0.9), ("b", 0.8)]
    assert found["sure"][0]["truth"] == ["a"]
    assert found["sure"][0]["said"] == ["b"]
    assert found["confused"] == [{"classes": ["a", "b"], "counts": [1, 0], "ids": ["0.png"]}]
    assert found["worst"][0]["loss"] == pytest.approx(-(np.log(0.1) + np.log(0.2)) / 2, rel=1e-5)


def test_errors_of_numbers_are_in_standard_deviations(tmp_path):
    truth = np.array([[0, 0], [2, 200], [0, 0], [2, 200]], "float32")  # standard deviations 1 and 100
    answers = truth + np.array([[0, 0], [1, 0], [0, 50], [0, 0]], "float32")
    found = failures(make_run(tmp_path, truth, answers, ("x", "y")), top=2)
    assert [(row["id"], row["error"]) for row in found["worst"]] == [("1.png", 0.5), ("2.png", 0.25)]
    assert found["worst"][0]["truth"] == {"x": 2.0, "y": 200.0}
    assert (found["sure"], found["confused"], found["label_errors"], found["wrong"]) == (None, None, None, None)


def test_a_forecast_is_compared_with_what_followed_alone(tmp_path):
    truth = np.array([[1, 9, 9], [3, 9, 9]], "float32")  # what follows, the naive forecast, the scale
    found = failures(make_run(tmp_path, truth, [[1.0], [5.0]], ("next",)))
    assert [(row["id"], row["error"]) for row in found["worst"]] == [("1.png", 2.0), ("0.png", 0.0)]


def fold(tmp_path, number, wrong=(), seed=0):
    """Return the run of one of two folds of 12 samples."""
    ids = [f"{i}.png" for i in range(12)]
    truth = np.arange(12) % 2
    mine = [i for i in range(12) if i // 6 == number]
    said = [truth[i] ^ (i in wrong) for i in mine]
    manifest = [
        {"id": name, "sha256": name, "label": str(truth[i]), "split": "test" if i in mine else "train"}
        for i, name in enumerate(ids)
    ]
    tree = spec_tree(data__split__folds=2, data__split__fold=number, train__seed=seed)
    return make_run(
        tmp_path, truth[mine], sure_of(said, 2), ids=[ids[i] for i in mine], tree=tree, manifest=manifest
    )  # fmt: skip


def test_answers_of_all_folds_stand_together(tmp_path):
    first, second = fold(tmp_path, 0, [1]), fold(tmp_path, 1, [8])
    fold(tmp_path, 1, [9, 10], seed=1)  # another training
    found = failures(first)
    assert (found["samples"], found["runs"]) == (12, [first.id, second.id])
    assert {row["id"] for row in found["sure"]} == {"1.png", "8.png"}
    assert {row["id"] for row in found["label_errors"]} == {"1.png", "8.png"}
    assert found["notes"][0].startswith("The answers of 2 folds stand together")
    assert "of 12 test samples of 2 folds" in say_found(found)


def test_one_fold_stands_alone_while_others_have_no_answers(tmp_path):
    first = fold(tmp_path, 0, [1])
    (fold(tmp_path, 1).path / "evaluation" / "test.npz").unlink()
    found = failures(first)
    assert (found["samples"], found["runs"]) == (6, [first.id])
    assert found["notes"][0] == "This is fold 0 alone: there are no answers of fold 1; evaluate them for all."


def test_a_run_that_was_not_evaluated_says_what_to_do(run):
    with pytest.raises(UsageError, match="has no answers on its validation split; `kerascnn evaluate"):
        failures(run, "validation")
    with pytest.raises(UsageError, match="there is no split 'all'; there are train, validation, test"):
        failures(run, "all")
