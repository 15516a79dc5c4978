import random
from collections import Counter

import pytest

from kerascnn.engine.split import split_samples, strata
from kerascnn.errors import DataError
from kerascnn.spec import Box, Sample
from kerascnn.spec.spec import Split

NOTHING = {"validation": 0.0, "test": 0.0}


def samples(counts):
    return [Sample(f"{label}/{i:04d}.png", None, label) for label, n in counts.items() for i in range(n)]


def timed(*times, **fields):
    return [Sample(f"{i}", None, "x", time=str(time), **fields) for i, time in enumerate(times)]


def divided(found, seed=0, **split):
    return split_samples(found, Split(**{**NOTHING, **split}), seed)


def by_time(found, **split):
    return divided(found, order="time", **split).parts


# Folds.


def test_every_sample_is_in_the_test_split_of_one_fold():
    found = samples({"cat": 23, "dog": 17})
    tested = Counter()
    for fold in range(4):
        division = divided(found, folds=4, fold=fold, validation=0.2)
        assert set(division.parts) == {"train", "validation", "test"}
        tested.update(sample.id for sample, part in zip(found, division.parts, strict=True) if part == "test")
        assert [part == "test" for part in division.parts] == [number == fold for number in division.folds]
    assert tested == Counter({sample.id: 1 for sample in found})


def test_every_fold_has_its_share_of_each_class():
    found = samples({"cat": 50, "dog": 20, "bird": 7})
    division = divided(found, folds=5)
    counts = Counter((fold, sample.label) for sample, fold in zip(found, division.folds, strict=True))
    assert [counts[fold, "cat"] for fold in range(5)] == [10] * 5
    assert [counts[fold, "dog"] for fold in range(5)] == [4] * 5
    assert sorted(counts[fold, "bird"] for fold in range(5)) == [1, 1, 1, 2, 2]
    assert sorted(Counter(division.folds).values()) == [15, 15, 15, 16, 16]


def test_left_out_the_fold_is_the_first():
    found = samples({"cat": 12})
    assert divided(found, folds=3).parts == divided(found, folds=3, fold=0).parts


def test_groups_and_equal_contents_stay_in_one_fold():
    found = [Sample(f"{i}", None, "cat" if i < 20 else "dog", group=str(i // 4)) for i in range(40)]
    division = divided(found, folds=3, validation=0.3)
    for start in range(0, 40, 4):
        assert len(set(division.folds[start : start + 4])) == len(set(division.parts[start : start + 4])) == 1
    alike = split_samples(samples({"cat": 30}), Split(folds=3, **NOTHING), 0, [str(i // 2) for i in range(30)])
    assert all(alike.folds[i] == alike.folds[i + 1] for i in range(0, 30, 2))


def test_the_folds_do_not_depend_on_the_order_and_do_depend_on_the_seed():
    found = samples({"cat": 30, "dog": 11})
    expected = dict(zip([s.id for s in found], divided(found, folds=4).folds, strict=True))
    random.Random(1).shuffle(found)
    assert dict(zip([s.id for s in found], divided(found, folds=4).folds, strict=True)) == expected
    other = divided(found, 1, folds=4).folds
    assert dict(zip([s.id for s in found], other, strict=True)) != expected


def test_the_folds_are_the_same_on_every_machine():
    # In the order of sha256("0:cat/000N.png") they are 1, 3, 4, 2, 0, 5, and are dealt out in turn.
    assert divided(samples({"cat": 6}), folds=3).folds == [1, 0, 0, 1, 2, 2]


def test_given_folds_are_taken_as_they_are():
    found = samples({"cat": 4})
    given = {sample.id: i % 2 for i, sample in enumerate(found)}
    division = split_samples(found, Split(folds=2, fold=1, **NOTHING), 0, None, given)
    assert division.folds == [0, 1, 0, 1]
    assert division.parts == ["train", "test", "train", "test"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([0, 1, 1, 0], "data.split.folds is 3, but fold 2 has no sample; folds are counted from 0"),
        ([0, 1, 2, 3], "data.split.folds is 3, but there is a fold 3; folds are counted from 0"),
    ],
)
def test_given_folds_that_do_not_fit_their_number_are_a_data_error(given, said):
    found = samples({"cat": 4})
    with pytest.raises(DataError) as caught:
        split_samples(found, Split(folds=3), 0, None, {s.id: fold for s, fold in zip(found, given, strict=True)})
    assert str(caught.value) == said


def test_more_folds_than_groups_are_a_data_error():
    found = [Sample(str(i), None, "cat", group=str(i % 2)) for i in range(9)]
    with pytest.raises(DataError, match="fold 2 has no sample"):
        divided(found, folds=3)


def test_folds_beside_a_split_of_the_source_are_a_data_error():
    found = [Sample(str(i), None, "cat", split="test" if i > 5 else "train") for i in range(9)]
    with pytest.raises(DataError, match="divides all samples, but the source has a test split of its own"):
        divided(found, folds=3)
    assert divided([Sample(str(i), None, "cat", split="train") for i in range(9)], folds=3).parts.count("test") == 3


def test_the_rarest_class_of_a_sample_counts():
    targets = [("a", "b"), ("a",), ("a", "c"), ("c",), ("c",), ()]
    found = [Sample(str(i), None, target=target) for i, target in enumerate(targets)]
    assert strata(found) == ["b", "a", "a", "c", "c", ""]
    boxes = [Sample(str(i), None, target=(Box("car", 0, 0, 1, 1),) * 3) for i in range(2)]
    assert strata(boxes) == ["car", "car"]
    assert strata([Sample("1", None, target=(1.5, 2.5))]) == [""]


# Time.


def test_the_latest_samples_are_held_back():
    found = timed(5, 1, 9, 3, 7, 2, 8, 4, 6, 0)
    parts = by_time(found, validation=0.2, test=0.3)
    assert {sample.time for sample, part in zip(found, parts, strict=True) if part == "test"} == {"7", "8", "9"}
    assert {sample.time for sample, part in zip(found, parts, strict=True) if part == "validation"} == {"5", "6"}


def test_numbers_are_compared_as_numbers():
    assert by_time(timed("10", "9", "-3.5", "1e3"), test=0.25) == ["train", "train", "train", "test"]


def test_dates_with_and_without_time_and_zone_are_compared():
    # 23:30 at +02:00 is 21:30 UTC, before 22:00 without a zone, which is taken for UTC.
    found = timed("2024-05-01T23:30+02:00", "2024-05-01 22:00", "2024-05-01", "2023-12-31T23:59:59Z")
    assert by_time(found, test=0.25) == ["train", "test", "train", "train"]
    assert by_time(found, test=0.25, validation=0.25) == ["validation", "test", "train", "train"]


def test_of_equal_times_the_name_decides():
    assert by_time(timed(1, 1, 1, 1), test=0.5) == ["train", "train", "test", "test"]


def test_a_group_goes_with_its_latest_sample():
    found = [Sample(str(i), None, "x", group=group, time=str(i)) for i, group in enumerate("abcdefa")]
    # The latest is the second of group a, which takes the earliest along.
    assert by_time(found, test=0.2) == ["test", *["train"] * 5, "test"]


def test_the_time_may_stand_in_the_name():
    found = [
        Sample(f"cam-{day}-{i}.png", None, "x") for i, day in enumerate(("2024-03-01", "2024-01-01", "2024-02-01"))
    ]
    assert by_time(found, test=0.3, time_by=r"\d{4}-\d\d-\d\d") == ["test", "train", "train"]
    assert by_time(found, test=0.3, time_by=r"-(\d)\.png") == ["train", "train", "test"]


def test_a_part_of_the_source_stays_and_something_is_left_to_train_on():
    found = [*timed(1, 2, 3), Sample("early", None, "x", split="test", time="0")]
    assert by_time(found, test=0.9, validation=0.4) == ["train", "train", "validation", "test"]
    assert by_time(timed(1, 2), test=0.9).count("train") == 1


def test_without_times_there_is_no_order():
    with pytest.raises(DataError, match=r"no sample says when it was made; set data\.split\.time_by"):
        by_time(samples({"cat": 3}), test=0.5)


def test_every_time_that_cannot_be_read_is_named():
    with pytest.raises(DataError, match=r"^3 samples have no time that can be read") as caught:
        by_time(timed(1, "", "soon", "nan"), test=0.5)
    reason = "has the time '{}'; it should be a number or an ISO 8601 date"
    assert caught.value.files == tuple((str(i), reason.format(t)) for i, t in ((1, ""), (2, "soon"), (3, "nan")))


def test_a_name_without_a_time_is_named():
    found = [Sample("2024.png", None, "x"), Sample("late.png", None, "x")]
    with pytest.raises(DataError) as caught:
        by_time(found, test=0.5, time_by=r"\d+")
    assert caught.value.files[0][0] == "late.png"
