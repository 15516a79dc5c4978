"""Labels that may be wrong: confident learning by hand, and labels that were made wrong on purpose."""

import numpy as np
import pytest

from kerascnn.runs.answers import KeptAnswers
from kerascnn.runs.doubts import confident_learning, doubted, doubted_of_each


def test_thresholds_are_the_mean_probability_of_each_class():
    # Class 0: (0.9 + 0.8 + 0.1) / 3 = 0.6; class 1: (0.7 + 0.9 + 0.35) / 3 = 0.65. Sample 2 is labelled 0, and 0.9 is
    # above class 1's; sample 5 is labelled 1, and 0.65 is above class 0's.
    p = np.array([0.9, 0.8, 0.1, 0.3, 0.1, 0.65])
    found = confident_learning(np.array([0, 0, 0, 1, 1, 1]), np.stack([p, 1 - p], axis=1))
    assert found.number.tolist() == [2, 5]
    assert found.better.tolist() == [1, 0]
    np.testing.assert_allclose(found.margin, [0.8, 0.3])
    # Of the sure ones labelled 0 a third are taken for 1, of those labelled 1 a third for 0: 3 / 3 + 3 / 3.
    assert found.expected == 2


def test_what_reaches_no_threshold_but_its_own_is_not_doubted():
    answers = np.array([[0.9, 0.1], [0.9, 0.1], [0.55, 0.45], [0.1, 0.9], [0.45, 0.55]])
    found = confident_learning(np.array([0, 0, 1, 1, 1]), answers)
    # 0.55 is below the 0.9 of class 0, however wrong the answer.
    assert found.number.tolist() == []
    assert found.expected == 0


def test_a_class_without_samples_is_never_suggested():
    found = confident_learning(np.array([0, 1]), np.array([[0.1, 0.2, 0.7], [0.1, 0.2, 0.7]]))
    # Class 2 is the likeliest, but nothing says how sure the network is of its samples.
    assert (found.number.tolist(), found.better.tolist()) == ([0], [1])


@pytest.fixture(scope="module")
def planted():
    """Digits with 5 % of their labels wrong, and what a forest says of each that has not learnt it."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    pictures, truth = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    flipped = rng.choice(len(truth), len(truth) // 20, replace=False)
    labels = truth.copy()
    labels[flipped] = (labels[flipped] + rng.integers(1, 10, len(flipped))) % 10
    forest = RandomForestClassifier(60, random_state=0)
    return labels, truth, flipped, cross_val_predict(forest, pictures, labels, cv=3, method="predict_proba")


def test_labels_made_wrong_are_found_far_better_than_by_chance(planted):
    labels, truth, flipped, answers = planted
    found = confident_learning(labels, answers)
    right = np.isin(found.number, flipped)
    # By chance 5 % of them would be wrong. A forest is sure of little, so that it misses many.
    assert right.mean() > 0.9
    assert right.sum() > 0.5 * len(flipped)
    assert (found.better[right] == truth[found.number[right]]).mean() > 0.95
    assert found.expected == pytest.approx(len(flipped), rel=0.2)


def test_candidates_say_what_the_sample_is_and_what_it_seems_to_be():
    p = np.array([0.9, 0.8, 0.1, 0.3, 0.1, 0.65])
    kept = KeptAnswers(list("uvwxyz"), np.array([0, 0, 0, 1, 1, 1]), np.stack([p, 1 - p], axis=1))
    rows, expected = doubted(kept, ["cat", "dog"])
    assert expected == 2
    assert rows[0] == {
        "id": "w",
        "label": "cat",
        "suggested": "dog",
        "probability": pytest.approx(0.1),
        "suggested_probability": pytest.approx(0.9),
        "margin": pytest.approx(0.8),
    }


def test_of_samples_of_several_classes_each_class_is_looked_at():
    truth = np.array([[1, 1], [1, 0], [1, 0], [0, 1], [0, 1], [0, 0]], "uint8")
    answers = np.array([[0.9, 0.9], [0.9, 0.1], [0.02, 0.1], [0.1, 0.9], [0.1, 0.9], [0.1, 0.97]], "float32")
    rows, _ = doubted_of_each(KeptAnswers(list("abcdef"), truth, answers), ["cat", "dog"])
    assert [(row["id"], row["class"], row["label"], row["suggested"]) for row in rows] == [
        ("c", "cat", ["cat"], []),
        ("f", "dog", [], ["dog"]),
    ]
    assert rows[1]["suggested_probability"] == pytest.approx(0.97)
