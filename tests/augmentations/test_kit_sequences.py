"""The conformance kit catches augmentations of series, texts and sounds that break what they get."""

import random
import threading
import warnings
from typing import ClassVar

import numpy as np
import pytest

from kerascnn.spec import Augmentation
from kerascnn.testing.sequences import check_sequence_augmentation


class Noise(Augmentation):
    """Add noise: right in itself."""

    reads: ClassVar[str] = "series"

    def apply(self, series, rng):
        return series + rng.standard_normal(series.shape).astype("float32")


class ForPictures(Noise):
    reads: ClassVar[str] = "image"


class Doubles(Noise):
    def apply(self, series, rng):
        return super().apply(series, rng).astype("float64")


class Shortens(Noise):
    def apply(self, series, rng):
        return super().apply(series, rng)[:, :-1]


class WritesToItsInput(Noise):
    def apply(self, series, rng):
        series += 1
        return super().apply(series, rng)


class ChanceOfItsOwn(Noise):
    def apply(self, series, rng):
        return series + np.float32(random.random())


class AlwaysTheSame(Noise):
    def apply(self, series, rng):
        return series * 2


class FillsPadding(Noise):
    def apply(self, series, rng):
        return np.nan_to_num(super().apply(series, rng))


class TurnsRound(Noise):
    def apply(self, series, rng):
        return super().apply(series, rng)[:, ::-1].copy()


class LosesValues(Noise):
    def apply(self, series, rng):
        found = super().apply(series, rng)
        found[:, : found.shape[1] // 4] = np.nan
        return found


class Warns(Noise):
    def apply(self, series, rng):
        warnings.warn("a mean of nothing", RuntimeWarning, stacklevel=1)
        return super().apply(series, rng)


class MainThreadAlone(Noise):
    def apply(self, series, rng):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("no thread")
        return super().apply(series, rng)


class PadsTexts(Augmentation):
    reads: ClassVar[str] = "text"

    def apply(self, tokens, rng):
        return np.where(rng.random(tokens.shape) < 0.5, np.int32(0), tokens)


class NewWords(PadsTexts):
    def apply(self, tokens, rng):
        return np.where((rng.random(tokens.shape) < 0.5) & (tokens > 0), np.int32(999), tokens)


class TooLoud(Augmentation):
    reads: ClassVar[str] = "audio"

    def apply(self, sounds, rng):
        return sounds * np.float32(2 + rng.random())


def test_a_right_one_passes():
    check_sequence_augmentation(Noise())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (ForPictures, "reads 'image'; check_augmentation is for pictures"),
        (Doubles, "gives float64 of float32; cast back"),
        (Shortens, "keep the shape"),
        (WritesToItsInput, "writes to its input"),
        (ChanceOfItsOwn, "take all chance from `rng`"),
        (AlwaysTheSame, "does the same to a batch with 16 different seeds"),
        (FillsPadding, "moves the end of a series from step 17 to 24"),
        (TurnsRound, "moves the end of a series from step 17 to 24"),
        (LosesValues, "makes values NaN in a series where none is missing"),
        (Warns, "fails with RuntimeWarning: a mean of nothing"),
        (MainThreadAlone, "in a thread fails with RuntimeError: no thread"),
        (PadsTexts, "moves the end of a text"),
        (NewWords, r"makes tokens that stand in no text: \[999\]"),
        (TooLoud, "gives sounds beyond -1 to 1"),
    ],
)
def test_a_fault_is_named(wrong, message):
    with pytest.raises(AssertionError, match=message):
        check_sequence_augmentation(wrong())
