"""The check of exporters finds what is wrong with them."""

from typing import ClassVar

import numpy as np
import pytest

from kerascnn.exporters.keras import Keras
from kerascnn.testing import check_exporter


class Good(Keras):
    """Keras's own file."""


class Leaves(Keras):
    def write(self, model, path, about):
        super().write(model, path, about)
        (path.parent / "temporary.txt").write_text("x")


class Trains(Keras):
    def write(self, model, path, about):
        model(np.zeros((4, *model.input_shape[1:]), "uint8"), training=True)
        super().write(model, path, about)


class Off(Keras):
    def open(self, path, threads):
        answer = super().open(path, threads)
        return lambda elements: answer(elements) + np.float32(0.01)


class Nothing(Keras):
    def open(self, path, threads):
        answer = super().open(path, threads)
        return lambda elements: answer(elements) * np.float32(np.nan)


class Fixed(Keras):
    def open(self, path, threads):
        answer, kept = super().open(path, threads), []

        def first(elements):
            kept.append(len(elements))
            if kept[0] != len(elements):
                raise ValueError("one element at a time")
            return answer(elements)

        return first


class Doubles(Keras):
    def open(self, path, threads):
        answer = super().open(path, threads)
        return lambda elements: answer(elements).astype("float64")


class Elsewhere(Keras):
    file: ClassVar[str] = "../model.keras"


class Lacking(Keras):
    packages: ClassVar[tuple[str, ...]] = ("no_such_package",)
    install: ClassVar[str] = "acme"


WRONG = [
    (Leaves, "write model.keras alone"),
    (Trains, "changes the weights of the model"),
    (Off, "differ from Keras's by 0.01"),
    (Nothing, "differ from Keras's by nan"),
    (Fixed, "the answer for 5 elements fails with ValueError: one element at a time"),
    (Doubles, "give float32"),
    (Elsewhere, "give the name of a file or folder"),
    (Lacking, "needs no_such_package; install acme"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[wrong.__name__ for wrong, _ in WRONG])
def test_what_is_wrong_is_said(wrong, said, tmp_path):
    with pytest.raises(AssertionError) as raised:
        check_exporter(wrong(), tmp_path)
    assert said in str(raised.value)


def test_what_is_right_passes(tmp_path):
    check_exporter(Good(), tmp_path)
