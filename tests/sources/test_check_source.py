"""The conformance kit knows what a source of each medium gives."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from kerascnn.spec import Sample, Scan, Source
from kerascnn.testing import check_source

SERIES = np.zeros((5, 2), "float32")


class Given(Source):
    """Give what a test hands over."""

    samples: Any
    """The samples."""
    labels: Any = ("a",)
    """The labels."""

    def scan(self):
        return Scan(self.samples, self.labels)


class Texts(Given):
    gives: ClassVar[str] = "text"


class Series(Given):
    gives: ClassVar[str] = "series"


class Sounds(Given):
    gives: ClassVar[str] = "audio"


class Smells(Given):
    gives: ClassVar[str] = "smell"


class Values(Series):
    @property
    def target(self):
        return "values"


def sample(payload, label="a", target=None):
    return Sample("1", payload, label, target=target)


def test_what_fits_its_medium_passes(tmp_path):
    (tmp_path / "1.wav").touch()
    check_source(Texts(samples=[sample("")]))
    check_source(Series(samples=[sample(SERIES)]))
    check_source(Sounds(samples=[sample(tmp_path / "1.wav")]))
    check_source(Values(samples=[sample(SERIES, "", (1.0, 2.0))], labels=("x", "y")))


@pytest.mark.parametrize(
    ("cls", "payload", "words"),
    [
        (Texts, Path("a.txt"), "give the text itself"),
        (Texts, b"text", "is bytes; give the text itself"),
        (Series, SERIES.astype("float64"), "of float64 with the shape \\(5, 2\\); give a float32 array"),
        (Series, SERIES[:, 0], "give a float32 array \\(length, channels\\)"),
        (Series, SERIES[:0], "with the shape \\(0, 2\\)"),
        (Sounds, SERIES, "give a pathlib.Path"),
        (Sounds, Path("/nowhere/1.wav"), "where there is no file"),
        (Given, "text", "give a pathlib.Path or a uint8 array"),
        (Smells, "text", "gives 'smell'; it gives one of image, text, series, audio"),
    ],
)
def test_a_payload_of_another_medium_is_caught(cls, payload, words):
    with pytest.raises(AssertionError, match=words):
        check_source(cls(samples=[sample(payload)]))


@pytest.mark.parametrize("target", [None, 1.0, (1.0,), (1.0, 2), (1.0, float("nan"))])
def test_numbers_to_be_predicted_are_as_many_finite_floats_as_labels(target):
    with pytest.raises(AssertionError, match="give a tuple of 2 finite floats"):
        check_source(Values(samples=[sample(SERIES, "", target)], labels=("x", "y")))


def test_only_where_there_is_one_class_has_a_label_to_be_there():
    with pytest.raises(AssertionError, match="samples have the labels \\[''\\]"):
        check_source(Series(samples=[sample(SERIES, "")]))
