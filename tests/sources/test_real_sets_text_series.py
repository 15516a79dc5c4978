"""Public sets are read with the counts that their authors give; skipped where they are not on the machine."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kerascnn.testing import check_source
from tests.helpers import make

# The folder of the sets, which no copy of the project carries: named, or beside the project's own.
DATA = Path(os.environ.get("KERASCNN_DATA") or Path(__file__).parents[3] / "shared/data")
TEXT, SERIES = DATA / "text", DATA / "series"

needs_text = pytest.mark.skipif(not TEXT.is_dir(), reason=f"the public sets of texts are not in {TEXT}")
needs_series = pytest.mark.skipif(not SERIES.is_dir(), reason=f"the public sets of series are not in {SERIES}")


def lines(name, **others):
    fields = {field: str(TEXT / other) for field, other in others.items()}
    return check_source(make("source", "text_lines", path=str(TEXT / name), **fields))


def sizes(scan):
    return dict(Counter(sample.split for sample in scan.samples))


@needs_text
def test_movie_reviews():
    scan = lines("rt-polarity.all")
    assert Counter(sample.label for sample in scan.samples) == {"0": 5331, "1": 5331}
    assert scan.samples[0].payload == "simplistic , silly and tedious . "
    assert [(f.id, f.samples) for f in scan.findings] == [("text-encoding", ("rt-polarity.all",))]


@needs_text
def test_questions_of_trec():
    scan = lines("TREC.train.all", test_path="TREC.test.all")
    assert sizes(scan) == {"train": 5452, "test": 500}
    assert list(scan.labels) == ["0", "1", "2", "3", "4", "5"]
    assert [(f.id, f.samples) for f in scan.findings] == [("text-encoding", ("TREC.train.all",))]


@needs_text
@pytest.mark.parametrize(
    ("name", "counts", "classes"),
    [
        ("fine", {"train": 8544, "validation": 1101, "test": 2210}, 5),
        ("binary", {"train": 6920, "validation": 872, "test": 1821}, 2),
    ],
)
def test_the_sentiment_treebank(name, counts, classes):
    scan = lines(f"stsa.{name}.train", validation_path=f"stsa.{name}.dev", test_path=f"stsa.{name}.test")
    assert sizes(scan) == counts
    assert list(scan.labels) == [str(i) for i in range(classes)]
    assert list(scan.findings) == []


@needs_series
@pytest.mark.parametrize(
    ("name", "train", "test", "channels", "lengths", "classes"),
    [
        ("GunPoint", 50, 150, 1, (150, 150), 2),
        ("ItalyPowerDemand", 67, 1029, 1, (24, 24), 2),
        ("ArrowHead", 36, 175, 1, (251, 251), 3),
        ("ECG200", 100, 100, 1, (96, 96), 2),
        ("Coffee", 28, 28, 1, (286, 286), 2),
        ("BasicMotions", 40, 40, 6, (100, 100), 4),
        ("JapaneseVowels", 270, 370, 12, (7, 29), 9),
    ],
)
def test_sets_of_series(name, train, test, channels, lengths, classes):
    scan = check_source(ts_file(name))
    assert sizes(scan) == {"train": train, "test": test}
    shapes = [sample.payload.shape for sample in scan.samples]
    assert {width for _, width in shapes} == {channels}
    assert (min(shapes)[0], max(shapes)[0]) == lengths
    assert len(scan.labels) == classes
    assert [f.id for f in scan.findings] == (["unequal-length"] if lengths[0] != lengths[1] else [])


def ts_file(name, **parameters):
    path, test_path = (str(SERIES / name / f"{name}_{part}.ts") for part in ("TRAIN", "TEST"))
    return make("source", "ts_file", path=path, test_path=test_path, **parameters)


@needs_series
def test_the_classes_of_a_real_set_are_those_of_its_header():
    scan = ts_file("ECG200").scan()
    assert list(scan.labels) == ["-1", "1"]
    assert Counter(sample.label for sample in scan.samples if sample.split == "test") == {"-1": 36, "1": 64}


@needs_series
def test_a_set_of_numbers_to_be_predicted():
    scan = check_source(ts_file("Covid3Month", target_kind="value"))
    assert sizes(scan) == {"train": 140, "test": 61}
    assert {sample.payload.shape for sample in scan.samples} == {(84, 1)}
    parts = {part: [s.target[0] for s in scan.samples if s.split == part] for part in ("train", "test")}
    # What always predicting the mean of the training part gets, as published with the set.
    error = np.sqrt(np.mean((np.array(parts["test"]) - np.mean(parts["train"])) ** 2))
    assert round(float(error), 5) == 0.04472
