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
    parts = split_samples(found, Split(**{"validation": 0.0, "test": 0.0, **shares}), seed)
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
