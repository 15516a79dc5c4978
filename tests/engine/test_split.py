import os
import random
from collections import Counter

import pytest

from kerascnn.engine.split import split_samples
from kerascnn.errors import DataError
from kerascnn.spec import Sample
from kerascnn.spec.spec import Split


def samples(counts, split=None):
    return [Sample(f"{label}/{i:04d}.png", None, label, split) for label, n in counts.items() for i in range(n)]


def divide(found, seed=0, **shares):
    """Return the part of each sample by its id."""
    parts = split_samples(found, Split(**{"validation": 0.0, "test": 0.0, **shares}), seed).parts
    return {sample.id: part for sample, part in zip(found, parts, strict=True)}


def count(parts):
    """Return how many samples of each class are in each part."""
    return Counter((name.split("/")[0], part) for name, part in parts.items())


@pytest.mark.parametrize(
    ("n", "validation", "test", "expected"),
    [
        (100, 0.15, 0.15, (70, 15, 15)),
        (100, 0.2, 0.3, (50, 20, 30)),
        (10, 0.25, 0.1, (7, 2, 1)),
        (7, 0.3, 0.3, (3, 2, 2)),
        (100, 0.0, 0.2, (80, 0, 20)),
        (100, 0.2, 0.0, (80, 20, 0)),
        (1000, 0.999, 0.0, (1, 999, 0)),
    ],
)
def test_each_class_gives_its_fraction(n, validation, test, expected):
    found = count(divide(samples({"cat": n, "dog": 2 * n}), validation=validation, test=test))
    assert tuple(found["cat", part] for part in ("train", "validation", "test")) == expected
    assert sum(found["dog", part] for part in ("train", "validation", "test")) == 2 * n
    assert found["dog", "test"] == round(2 * n * test)


def test_every_class_keeps_a_sample_to_train_on():
    counts = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 50}
    found = count(divide(samples(counts), validation=0.45, test=0.45))
    assert all(found[label, "train"] >= 1 for label in counts)
    assert sum(found.values()) == 60
    assert found["a", "train"] == 1


def test_the_order_of_the_samples_does_not_matter():
    found = samples({"cat": 40, "dog": 31})
    expected = divide(found, validation=0.2, test=0.2)
    for seed in range(3):
        random.Random(seed).shuffle(found)
        assert divide(found, validation=0.2, test=0.2) == expected


def test_another_seed_gives_another_split():
    found = samples({"cat": 100})
    splits = [divide(found, seed, validation=0.2, test=0.2) for seed in (0, 1, 2**32 - 1)]
    assert splits[0] != splits[1] != splits[2] != splits[0]
    assert len({tuple(sorted(count(split).items())) for split in splits}) == 1


def test_the_split_is_the_same_on_every_machine():
    parts = divide(samples({"cat": 8}), seed=3, validation=0.25, test=0.25)
    assert [name[4:8] for name, part in parts.items() if part == "test"] == ["0000", "0003"]
    assert [name[4:8] for name, part in parts.items() if part == "validation"] == ["0001", "0005"]


def test_a_split_of_the_source_stays_and_the_missing_part_comes_from_train():
    found = [*samples({"cat": 40, "dog": 40}, "train"), *samples({"bird": 30}, "test")]
    parts = divide(found, validation=0.25, test=0.5)
    got = count(parts)
    assert got["bird", "test"] == 30
    assert (got["cat", "train"], got["cat", "validation"], got["cat", "test"]) == (30, 10, 0)
    assert got["bird", "validation"] == 0


def test_a_source_with_all_parts_is_left_alone():
    found = [
        Sample("1", None, "cat", "train"),
        Sample("2", None, "cat", "validation"),
        Sample("3", None, "cat", "test"),
        Sample("4", None, "dog", "train"),
    ]
    assert list(divide(found, validation=0.5, test=0.4).values()) == ["train", "validation", "test", "train"]


def test_samples_without_a_part_among_others_are_divided():
    found = [*samples({"cat": 20}), *samples({"dog": 5}, "validation")]
    got = count(divide(found, validation=0.2, test=0.2))
    assert got["dog", "validation"] == 5
    assert (got["cat", "train"], got["cat", "test"]) == (16, 4)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_part_that_would_be_empty_is_a_data_error(part):
    with pytest.raises(DataError, match=rf"0\.1 of them to the {part} split; raise data\.split\.{part}, set it to 0"):
        divide(samples({"cat": 3, "dog": 2}), **{part: 0.1})
    assert set(divide(samples({"cat": 3, "dog": 2})).values()) == {"train"}


def test_a_class_of_one_gives_nothing_away():
    with pytest.raises(DataError, match="test split"):
        divide(samples({"cat": 1, "dog": 1}), test=0.9)


def test_names_of_other_bytes_than_utf8_are_divided():
    found = [Sample(os.fsdecode(bytes([255, i])), None, "cat") for i in range(128, 148)]
    assert Counter(divide(found, validation=0.25).values()) == {"train": 15, "validation": 5}


def patients(count, size, label="cat"):
    """Return samples whose names tell the patient, `size` of each."""
    return [Sample(f"{label}/patient-{p:02d}/{i}.png", None, label) for p in range(count) for i in range(size)]


def test_a_group_is_never_divided():
    found = patients(20, 5) + patients(20, 3, "dog")
    division = split_samples(found, Split(validation=0.2, test=0.2, group_by=r"(\w+/patient-\d+)"), 0)
    parts = {}
    for sample, part, group in zip(found, division.parts, division.groups, strict=True):
        assert sample.id.startswith(group)
        parts.setdefault(group, set()).add(part)
    assert all(len(some) == 1 for some in parts.values())
    assert Counter(division.parts)["test"] == Counter(division.parts)["validation"] == 4 * 5 + 4 * 3


def test_a_group_may_hold_several_classes():
    found = [Sample(f"{label}/p{p}.png", None, label) for label in ("cat", "dog") for p in range(10)]
    division = split_samples(found, Split(validation=0.2, test=0.2, group_by=r"p\d+"), 0)
    by_patient = {}
    for sample, part in zip(found, division.parts, strict=True):
        by_patient.setdefault(sample.id[-6:], set()).add(part)
    assert all(len(some) == 1 for some in by_patient.values())
    assert set(division.parts) == {"train", "validation", "test"}


def test_the_sources_own_groups_are_kept_together():
    found = [Sample(f"{i}.png", None, "cat", group=str(i // 4)) for i in range(40)]
    division = split_samples(found, Split(validation=0.2, test=0.3), 0)
    assert all(len(set(division.parts[i : i + 4])) == 1 for i in range(0, 40, 4))
    assert Counter(division.parts) == {"train": 20, "validation": 8, "test": 12}


def test_a_large_group_is_taken_only_where_that_comes_nearer():
    sizes = [10, *[1] * 30]
    found = [Sample(f"{g}-{i}", None, "cat", group=str(g)) for g, size in enumerate(sizes) for i in range(size)]
    for seed in range(10):
        division = split_samples(found, Split(validation=0.0, test=0.1), seed)
        assert Counter(division.parts)["test"] == 4
        assert division.parts[0] == "train"


def test_a_name_without_a_group_is_a_data_error():
    found = [*patients(5, 2), Sample("cat/other.png", None, "cat")]
    with pytest.raises(DataError, match="finds nothing in 1 name") as caught:
        split_samples(found, Split(group_by=r"patient-\d+"), 0)
    assert caught.value.files == (("cat/other.png", "belongs to no group"),)


def test_a_class_of_one_group_leaves_a_part_empty():
    with pytest.raises(DataError, match="no class has enough groups"):
        split_samples(patients(1, 50), Split(validation=0.2, test=0.0, group_by=r"patient-\d+"), 0)


def test_equal_samples_are_kept_together():
    found = samples({"cat": 60})
    hashes = [str(i // 3) for i in range(60)]
    division = split_samples(found, Split(validation=0.2, test=0.2), 0, hashes)
    assert all(len(set(division.parts[i : i + 3])) == 1 for i in range(0, 60, 3))
    assert Counter(division.parts) == {"train": 36, "validation": 12, "test": 12}
    assert division.torn == []


def test_equal_samples_of_two_classes_do_not_join_the_classes():
    found = samples({"cat": 20, "dog": 20})
    division = split_samples(found, Split(validation=0.2, test=0.2), 0, ["same", *map(str, range(39))])
    alone = split_samples(found, Split(validation=0.2, test=0.2), 0)
    assert division.parts == alone.parts


def test_a_class_of_one_picture_many_times_is_divided_and_named():
    found = samples({"cat": 20, "dog": 20})
    hashes = ["one"] * 20 + [str(i) for i in range(20)]
    division = split_samples(found, Split(validation=0.2, test=0.2), 0, hashes)
    assert division.torn == ["cat"]
    assert Counter(division.parts) == {"train": 24, "validation": 8, "test": 8}
