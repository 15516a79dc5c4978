"""Distillation: a teacher that does not fit is refused with both sides named."""

import pytest

from kerascnn.errors import DataError
from kerascnn.spec import JoinedStage, Trained
from tests.helpers import make

LABELS = ("cat", "dog")
INPUT = {"shape": [8, 8, 1], "resize": "letterbox"}


def check(labels=LABELS, output="classes", form=None):
    teacher = Trained("runs/teacher", output, labels, form or INPUT, lambda: None, lambda: lambda elements: elements)
    stage = JoinedStage(0, 3, "classes", LABELS, INPUT, lambda path: teacher, place="train.stages.0.methods.0")
    make("method", "distillation", run="teacher").check(stage)


def test_a_teacher_that_fits_is_taken():
    check()
    check(labels=["cat", "dog"], form=dict(reversed(INPUT.items())))


@pytest.mark.parametrize(
    ("teacher", "message"),
    [
        ({"labels": ("dog", "cat")}, r"its labels are dog, cat, and these cat, dog$"),
        ({"output": "each_class"}, r"it answers with each class by itself, and this task wants one class$"),
        ({"form": {**INPUT, "shape": [16, 16, 1]}}, r"shape of its elements is 16, 16, 1, and of these 8, 8, 1$"),
        ({"form": {"shape": [8, 8, 1]}}, r"resize of its elements is None, and of these letterbox$"),
    ],
)
def test_one_that_does_not_is_refused(teacher, message):
    with pytest.raises(
        DataError, match=r"^train.stages.0.methods.0.run: the run in runs/teacher cannot teach here: " + message
    ):
        check(**teacher)
