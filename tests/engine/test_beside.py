"""Models that a task keeps beside the best one, and the sections that it makes of a run's folder."""

import json
import os

import keras
import numpy as np
import pytest
from keras import ops

from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.report import write_report
from kerascnn.engine.train import resume, train
from kerascnn.errors import PluginError
from kerascnn.runs.checkpoints import Checkpoints
from kerascnn.runs.folder import list_runs
from kerascnn.tasks.image_classification import ImageClassification
from tests.engine.made import make_folder, make_spec


class Shadowed(keras.Model):
    """Trains a second network beside: it turns noise into what the first one answers. And weights that nobody keeps."""

    def shadow_with(self):
        source = keras.Input((3,))
        begin = keras.initializers.GlorotUniform(seed=1)
        self.shadow = keras.Model(source, keras.layers.Dense(self.output.shape[-1], kernel_initializer=begin)(source))
        self.noise = keras.random.SeedGenerator(5)
        self.alone = keras.layers.Dense(1, kernel_initializer="zeros")
        self.alone.build(self.output.shape)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        found = self.shadow(keras.random.normal((ops.shape(y_pred)[0], 3), seed=self.noise))
        shadow = ops.mean(ops.square(found - ops.stop_gradient(y_pred)))
        alone = ops.mean(ops.square(self.alone(ops.stop_gradient(y_pred)) - 1))
        return super().compute_loss(x, y, y_pred, sample_weight, training) + shadow + alone


def _outer(self, inputs, outputs, info):
    made = Shadowed(inputs, outputs)
    made.shadow_with()
    return made


@pytest.fixture(scope="module", autouse=True)
def shadowed():
    """A classification that trains and keeps a second network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImageClassification, "outer", _outer)
        patch.setattr(ImageClassification, "beside", lambda self, outer: {"shadow": outer.shadow})
        patch.setattr("kerascnn.engine.keeper._COST", 0)
        yield


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    folder = make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 14, "light": 14}, noise=60)
    # The second stage is of two epochs, the last of which is no better: its rate is far too high.
    stages = [{"epochs": 2, "learning_rate": 0.02}, {"epochs": 2, "learning_rate": 10.0, "optimizer": {"type": "sgd"}}]
    return make_spec(folder, stages=stages, seed=3)


@pytest.fixture(scope="module")
def seen(spec, tmp_path_factory):
    """A training that nobody stops, and for each checkpoint its state, its arrays, and shadow.keras at that time."""
    found = []
    real = Checkpoints.save

    def save(self, state, arrays, *args, **kwargs):
        file = self.folder.parent / "shadow.keras"
        found.append((state, arrays, file.read_bytes() if file.is_file() else None))
        return real(self, state, arrays, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", save)
        run = train(spec, tmp_path_factory.mktemp("runs"))
    return run, found


def weights_of(run, name):
    return keras.saving.load_model(run.path / f"{name}.keras").get_weights()


def test_it_is_there_and_only_an_epoch_that_is_the_best_replaces_it(seen):
    run, found = seen
    kept = [line["kept"] for line in run.metrics()]
    assert found[0][2] is None
    assert kept[0] is True
    assert False in kept
    best = max(i for i, one in enumerate(kept, 1) if one)
    files = {file for state, _, file in found if state["epoch"] >= best}
    assert files == {(run.path / "shadow.keras").read_bytes()}


def test_the_next_stage_goes_on_with_what_was_kept(seen, tmp_path):
    [(arrays, file)] = [
        (arrays, file)
        for state, arrays, file in seen[1]
        if (state["stage"], state["epochs"], state["steps"]) == (1, 0, 0)
    ]
    (tmp_path / "shadow.keras").write_bytes(file)
    begun = [array for name, array in arrays.items() if name.startswith("model/")]
    for wanted in keras.saving.load_model(tmp_path / "shadow.keras").get_weights():
        assert any(np.array_equal(wanted, array) for array in begun)


def test_what_the_outer_model_trains_goes_on_as_it_was_with_the_best(seen):
    """Neither the network nor a model beside it has these weights: checkpoints have them twice."""
    states = {(state["stage"], state["epochs"]): (state, arrays) for state, arrays, _ in seen[1]}
    assert not any(name.startswith("outer/") for name in states[0, 0][1])
    state, begun = states[1, 0]
    kept = [begun[name] for name in ("outer/00000", "outer/00001")]
    assert [array.shape for array in kept] == [(2, 1), (1,)]
    assert all(np.abs(array).min() > 0 for array in kept)
    own = [array for name, array in begun.items() if name.startswith("model/")]
    assert all(any(np.array_equal(array, other) for other in own) for array in kept)
    later, arrays = states[1, 1]
    assert later["best"] == state["best"], "an epoch that is no better moves them in training alone"
    assert all(np.array_equal(arrays[f"outer/{i:05d}"], array) for i, array in enumerate(kept))


class KilledError(BaseException):
    """Stands for a kill."""


@pytest.mark.parametrize("renaming", [pytest.param(n, marks=pytest.mark.slow) for n in (20, 25, 29)] + ["between"])
def test_killed_and_resumed_it_ends_on_the_same_bits(spec, seen, tmp_path, monkeypatch, renaming):
    """`between`: when the model beside was renamed, and the best one itself was not, for the second time."""
    whole, _ = seen
    count = {"all": 0, "model": 0}
    real = os.replace

    def replace(source, target):
        count["all"] += 1
        count["model"] += str(target).endswith("model.keras")
        if count["all"] == renaming or (renaming == "between" and count["model"] == 2):
            raise KilledError
        return real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr("kerascnn.engine.train._record", lambda run, error: None)
        with pytest.raises(KilledError):
            train(spec, tmp_path)
    [run] = list_runs(tmp_path)
    state = json.loads((run.path / "state.json").read_text())
    (run.path / "state.json").write_text(json.dumps(state | {"pid": 2**22 + 1}))
    found, _ = Checkpoints(run.path).load()
    assert list(found.beside) == (["shadow"] if found.best else [])
    resume(run)
    for name in ("model", "shadow"):
        for a, b in zip(weights_of(run, name), weights_of(whole, name), strict=True):
            assert np.array_equal(a, b)
    assert [line["loss"] for line in run.metrics()] == [line["loss"] for line in whole.metrics()]


@pytest.mark.parametrize("name", ["model", "a/b"])
def test_a_name_that_is_none_is_refused_before_training(spec, tmp_path, monkeypatch, name):
    monkeypatch.setattr(ImageClassification, "beside", lambda self, outer: {name: outer.shadow})
    with pytest.raises(PluginError, match=f"names a model '{name}' that is kept beside the best one; a name is"):
        train(spec, tmp_path)


def test_sections_are_made_when_the_page_is_written_and_a_failure_is_a_sentence(seen, monkeypatch):
    run, _ = seen

    def sections(self, folder, split):
        assert (folder / "shadow.keras").is_file()
        return [{"title": f"Beside {split}", "text": "1 < 2"}]

    monkeypatch.setattr(ImageClassification, "sections", sections)
    evaluate(run, "validation")
    assert "<h3>Beside validation</h3><p>1 &lt; 2</p>" in (run.path / "report.html").read_text()
    assert run.read("report.json")["sections"]["validation"][0]["title"] == "Beside validation"
    for wrong in (lambda *_: 1 / 0, lambda *_: [{"title": "x", "table": 3}], lambda *_: [{"title": float("nan")}]):
        monkeypatch.setattr(ImageClassification, "sections", wrong)
        write_report(run)
        assert "It cannot be made: " in (run.path / "report.html").read_text()
    assert "ValueError" in (run.path / "report.html").read_text()


def test_a_task_may_be_judged_on_the_elements_themselves(seen, monkeypatch):
    got = []

    def report(self, truth, answers, info):
        got.append(truth)
        return {"metrics": {"mean": float(truth.mean())}, "labels": list(info.labels), "per_class": []}

    monkeypatch.setattr(ImageClassification, "truth", lambda self, answers, elements: elements)
    monkeypatch.setattr(ImageClassification, "alone", False)
    monkeypatch.setattr(ImageClassification, "report", report)
    monkeypatch.setattr("kerascnn.engine.judge.kind_of", lambda task: None)
    evaluate(seen[0], "test")
    assert (got[0].dtype, got[0].shape[1:]) == (np.dtype("uint8"), (8, 8, 1))
