"""Slices of masks and boxes: the core's sources tell nothing of such pictures besides, but a plugin's may."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from kerascnn.engine import measured
from kerascnn.engine.judge import judge
from kerascnn.engine.report_parts import slice_head
from kerascnn.spec import Metric
from kerascnn.spec.spec import Evaluate
from tests.helpers import make

N = 24
SITES = ["north" if i % 2 else "south" for i in range(N)]


def judged(task, shape, truth, answers, metrics=()):
    """Return the report of a run of these pictures, whose manifest tells the site of each."""
    ids = [f"{i:02d}.png" for i in range(N)]
    lines = [{"id": name, "metadata": {"site": site}} for name, site in zip(ids, SITES, strict=True)]
    run = SimpleNamespace(id="run", read=lambda name: {"counts": {}, "sizes": {}}, manifest=lambda: lines)
    spec = SimpleNamespace(evaluate=Evaluate(metrics=list(metrics)))
    predictor = SimpleNamespace(run=run, spec=spec, task=task, shape=shape, labels=["cell", "wall"], calibration=None)
    report = judge(predictor, "test", ids, truth, answers, 1.0)
    json.dumps(report, allow_nan=False)
    return report


def test_pictures_with_masks_have_slices_by_their_own_mean_iou():
    truth = np.zeros((N, 2, 2), "uint8")
    truth[:, 0] = 1
    answers = np.eye(2, dtype="float32")[truth]
    # In the south all is said to be wall; of one picture in the north nothing counts.
    answers[::2] = [0, 1]
    truth[1] = 255
    report = judged(make("task", "image_segmentation"), (2, 2, 3), truth, answers)
    assert [(row["value"], row["samples"], row["picture_iou"]) for row in report["slices"]] == [
        ("south", 12, 0.25),
        ("north", 11, 1.0),
    ]
    assert report["notes"] == ["1 sample has no picture IoU and no part in the slices."]
    assert slice_head(report)[2] == "picture IoU"


def test_pictures_with_boxes_have_slices_by_f1_of_their_boxes():
    truth = [np.array([[0, 0, 0, 8, 8]], "float32")] * N
    answers = np.zeros((N, 4, 4, 6), "float32")
    # A box of 8 x 8 pixels about the corner of four cells of 4 x 4 pixels, in the north alone.
    answers[1::2, 1, 1] = [0.9, 0, -0.5, -0.5, 2, 2]
    report = judged(make("task", "object_detection"), (16, 16, 3), truth, answers)
    assert [(row["value"], row["box_f1"], row["gap"]) for row in report["slices"]] == [
        ("south", 0.0, 1.0),
        ("north", 1.0, 0.0),
    ]


# The metrics of a spec.

TRUTH = np.arange(N) % 2
RIGHT = np.arange(N) % 4 > 0
CLASSES = np.where(RIGHT[:, None], np.eye(2)[TRUTH], np.eye(2)[1 - TRUTH]).astype("float32")


class Given(Metric):
    """Measure as a test says."""

    better = "max"
    type_name = "acme.given"

    of: object = None
    """The figure of so many samples."""

    def measure(self, truth, answers, info):
        return self.of(len(set(answers[:, 0])))


def classified(*metrics):
    return judged(make("task", "image_classification"), (8, 8, 1), TRUTH, CLASSES, metrics)


def test_further_figures_stand_beside_those_of_the_task_with_an_interval_and_no_floor():
    report = classified(make("metric", "cohen_kappa"), make("metric", "matthews"))
    assert [*report["metrics"]][-2:] == ["cohen_kappa", "matthews"]
    kappa = report["metrics"]["cohen_kappa"]
    assert kappa == pytest.approx(cohen_kappa_score(TRUTH, CLASSES.argmax(1)))
    low, high = report["intervals"]["cohen_kappa"]
    assert low < kappa < high
    assert high - low < 1
    assert "cohen_kappa" not in report["floor"]
    assert "macro_f1" in report["intervals"]
    assert classified(make("metric", "cohen_kappa"))["intervals"]["cohen_kappa"] == [low, high]


def test_a_spec_without_metrics_changes_nothing():
    assert "matthews" not in classified()["metrics"]


def test_pictures_with_boxes_have_further_figures_too():
    truth = [np.array([[0, 0, 0, 8, 8]], "float32")] * N
    answers = np.zeros((N, 4, 4, 6), "float32")
    task = make("task", "object_detection")
    report = judged(task, (16, 16, 3), truth, answers, [Boxes()])
    assert report["metrics"]["acme.boxes"] == 1.0
    assert report["intervals"]["acme.boxes"] == [1.0, 1.0]


class Boxes(Given):
    """Count boxes of a picture."""

    type_name = "acme.boxes"

    def measure(self, truth, answers, info):
        return sum(map(len, truth)) / len(truth)


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (lambda n: float("nan"), "There is no figure acme.given: these samples do not tell it."),
        (lambda n: 1 / 0, "There is no figure acme.given: ZeroDivisionError: division by zero"),
    ],
)
def test_a_figure_that_there_is_not_is_a_note_and_the_others_stay(of, said):
    report = classified(Given(of=of), make("metric", "matthews"))
    assert "acme.given" not in report["metrics"]
    assert "matthews" in report["intervals"]
    assert report["notes"][-1] == said


def test_a_figure_that_takes_long_has_no_interval(monkeypatch):
    monkeypatch.setattr(measured, "SLOW", 0.0)
    report = classified(Given(of=lambda n: 0.5))
    assert report["metrics"]["acme.given"] == 0.5
    assert "acme.given" not in report["intervals"]
    assert report["notes"][-1].startswith("acme.given has no interval: one measurement takes ")


def test_a_figure_that_most_resamples_do_not_tell_has_no_interval():
    told = iter([0.5])
    report = classified(Given(of=lambda n: next(told, float("nan"))))
    assert report["metrics"]["acme.given"] == 0.5
    assert report["notes"][-1].endswith("it can be told of less than half of the samples drawn again.")
