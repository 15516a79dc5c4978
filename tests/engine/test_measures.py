"""The loss and the metrics that a spec names: what is minimised, and what the report says."""

import numpy as np
import pytest

from kerascnn.engine import batch_size, find_rate
from kerascnn.engine.build import build
from kerascnn.engine.data import load_data
from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.optimize import loss_of
from kerascnn.engine.phase import Phases
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.train import train
from kerascnn.nn.classification_loss import ClassificationLoss
from kerascnn.nn.poly_loss import PolyLoss
from kerascnn.runs.answers import read_answers
from kerascnn.spec import spec_from_dict
from tests.engine.made import make_folder, make_spec

POLY = {"type": "poly", "epsilon": 3.0}
LAYERS = {"type": "layers", "layers": [{"type": "conv2d", "filters": 2}]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 24, "light": 24}, noise=60)


@pytest.fixture(scope="module")
def phases(folder):
    spec = make_spec(folder, backbone=LAYERS, loss=POLY)
    data = load_data(spec)
    built = build(spec, data.info)
    return Phases(spec, data, built, lambda resized: built)


def test_the_loss_is_that_of_the_spec_and_without_one_that_of_the_task(folder, phases):
    found = loss_of(phases.spec, phases.data.info)
    assert isinstance(found, PolyLoss)
    assert found.epsilon == 3.0
    assert isinstance(loss_of(make_spec(folder), phases.data.info), ClassificationLoss)


def test_a_stage_is_compiled_with_it(phases):
    trainer = Trainer.__new__(Trainer)
    trainer.spec, trainer.phases = phases.spec, phases
    trainer.position = type("Position", (), {"slower": 1.0})
    model = trainer._made(phases.enter(0), xla=False, together=1)
    assert isinstance(model.loss, PolyLoss)


@pytest.fixture
def asked(monkeypatch):
    """Return the losses that are asked for where batches and rates are tried."""
    names = []

    def asks(spec, info):
        names.append(spec.train.loss.type_name)
        return loss_of(spec, info)

    for module in (batch_size, find_rate):
        monkeypatch.setattr(module, "loss_of", asks)
    return names


def test_a_batch_is_tried_with_it(phases, asked):
    assert batch_size._takes_a_step(phases.spec, phases, 0)
    assert asked == ["poly"]


@pytest.mark.slow
def test_rates_are_tried_with_it(phases, asked):
    find_rate.find_rate(phases.spec, steps=2)
    assert asked == ["poly"]


def test_epochs_have_its_figures_and_the_report_those_of_the_task_and_of_the_metrics(folder, tmp_path):
    tree = make_spec(folder, backbone=LAYERS, loss=POLY).spell()
    tree["evaluate"] = {"metrics": [{"type": "matthews"}, {"type": "cohen_kappa"}]}
    run = train(spec_from_dict(tree), tmp_path, progress=Progress())
    report = evaluate(run, "validation")
    kept = read_answers(run, "validation")
    right = kept.answers[np.arange(len(kept.truth)), kept.truth]
    [line] = run.metrics()
    assert line["val_loss"] == pytest.approx((-np.log(right) + 3 * (1 - right)).mean(), rel=1e-4)
    assert report["metrics"]["loss"] == pytest.approx(-np.log(right).mean(), rel=1e-4)
    for name in ("matthews", "cohen_kappa"):
        low, high = report["intervals"][name]
        assert low <= report["metrics"][name] <= high
        assert name not in report["floor"]
    page = (run.path / "report.html").read_text("utf-8")
    assert "matthews" in page.lower()
