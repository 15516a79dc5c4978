"""Balanced sampling: how often each class and each sample comes, and in which order."""

from collections import Counter

import numpy as np
import pytest

from kerascnn.engine.balance import balanced
from kerascnn.errors import DataError

# Seven samples of class 0, three of class 2, one of class 5; the numbers of samples are no places.
GIVEN = np.array([0, 2, 0, 0, 5, 0, 2, 0, 0, 2, 0])
INDICES = np.arange(100, 100 + len(GIVEN))
CLASS_OF = dict(zip(INDICES.tolist(), GIVEN.tolist(), strict=True))


def drawn(**options):
    return balanced(INDICES, GIVEN, **{"seed": 0, **options}).tolist()


def of(number):
    """Return the samples of a class."""
    return [i for i, own in CLASS_OF.items() if own == number]


def of_classes(found):
    return Counter(CLASS_OF[i] for i in found)


def test_every_class_comes_as_often_as_the_largest():
    assert of_classes(drawn()) == {0: 7, 2: 7, 5: 7}


def test_the_largest_class_is_repeated_nowhere_and_the_others_evenly():
    times = Counter(drawn())
    assert {times[i] for i in of(0)} == {1}
    assert sorted(times[i] for i in of(2)) == [2, 2, 3]
    assert times[INDICES[4]] == 7


@pytest.mark.parametrize("turn", range(5))
def test_any_three_in_a_row_hold_each_class_once(turn):
    classes = [CLASS_OF[i] for i in drawn(turn=turn)]
    assert all(set(classes[i : i + 3]) == {0, 2, 5} for i in range(len(classes) - 2))


def test_repeats_of_a_sample_stand_as_far_apart_as_they_can():
    found = [i for i in drawn() if CLASS_OF[i] == 2]
    assert all(len(set(found[i : i + 3])) == 3 for i in range(len(found) - 2))


@pytest.mark.parametrize("each", [1, 2, 5, 7, 20])
def test_each_says_how_often_a_class_comes(each):
    assert of_classes(drawn(each=each)) == {0: each, 2: each, 5: each}


@pytest.mark.parametrize("each", [None, 2, 5])
def test_over_the_turns_all_samples_of_a_class_come_equally_often(each):
    times = Counter()
    for turn in range(21):
        times.update(drawn(turn=turn, each=each))
        for number in (0, 2, 5):
            mine = [times[i] for i in of(number)]
            assert max(mine) - min(mine) <= 1
    if each == 5:  # 21 turns of 5 are 15 rounds of the seven, and 35 of the three
        assert {times[i] for i in of(0)} == {15}
        assert {times[i] for i in of(2)} == {35}


def test_the_same_arguments_give_the_same_array_and_another_seed_another():
    assert drawn(turn=3) == drawn(turn=3)
    assert drawn(seed=1) != drawn(seed=0)
    assert drawn(turn=1) != drawn(turn=0)


def test_fewer_of_a_class_are_not_always_those_that_come_first():
    first = of(0)[:2]
    some = [sorted(i for i in drawn(seed=seed, each=2) if CLASS_OF[i] == 0) for seed in range(9)]
    assert any(found != first for found in some)


def test_classes_that_are_balanced_already_come_once_each():
    found = balanced(np.arange(6), np.array([1, 0, 1, 0, 2, 2]), seed=4)
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4, 5]


def test_it_is_an_array_of_indices_whatever_the_type_of_the_class_numbers():
    found = balanced(np.arange(4), np.array([0, 1, 1, 1], "uint8"), seed=0)
    assert found.dtype == np.arange(4).dtype
    assert found.shape == (6,)


def test_no_sample_gives_none():
    assert balanced(np.zeros(0, int), np.zeros(0, int), seed=0).tolist() == []


@pytest.mark.parametrize(
    "classes",
    [np.zeros((3, 2), "uint8"), np.zeros((3, 4, 4), "uint8"), np.zeros((3, 1), "float32"), [np.zeros((2, 5))] * 3],
    ids=["several classes", "masks", "values", "boxes"],
)
def test_answers_that_are_no_single_class_are_refused(classes):
    with pytest.raises(DataError, match=r"one class for each sample; .* task\.class_weights"):
        balanced(np.arange(3), classes, seed=0)


def test_a_hundred_thousand_samples_take_a_moment():
    classes = np.repeat(np.arange(10), [91_000] + [1_000] * 9)
    found = balanced(np.arange(100_000), classes, seed=0)
    assert np.bincount(classes[found]).tolist() == [91_000] * 10
