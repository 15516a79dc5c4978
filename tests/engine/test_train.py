"""Real trainings, few and short: each fixture trains once for the whole module."""

import errno
import itertools
import json
import math
import os
import subprocess
import sys
import textwrap
import types
from contextlib import contextmanager

import keras
import numpy as np
import psutil
import pytest

from kerascnn.engine import train as train_module
from kerascnn.engine.build import build
from kerascnn.engine.data import load_data
from kerascnn.engine.held import HeldSplit
from kerascnn.engine.keeper import Keeper
from kerascnn.engine.media.image import ImageForm
from kerascnn.engine.phase import Phases
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.train import train
from kerascnn.engine.watch import DivergingError
from kerascnn.errors import (
    BuildError,
    DataError,
    DivergedError,
    ResourceError,
    RunInUseError,
    StoppedError,
    TrainError,
)
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.runs.lock import RunLock
from kerascnn.runs.state import read_state
from kerascnn.spec import spec_from_dict
from tests.engine.made import LAYERS, make_folder, make_spec

STAGES = [
    {"epochs": 2, "freeze": "backbone", "learning_rate": 0.05},
    {"epochs": 2, "learning_rate": 0.01, "schedule": {"type": "cosine", "warmup": 0.25}},
    {"epochs": 2, "freeze": "batch_norm", "learning_rate": 0.01, "optimizer": {"type": "sgd"}},
]


class Told(Progress):
    """Keep what is told."""

    def __init__(self):
        self.notes, self.stages, self.steps, self.epochs = [], [], [], []

    def note(self, text):
        self.notes.append(text)

    def stage(self, number, stages, epochs, steps):
        self.stages.append((number, stages, epochs, steps))

    def step(self, epoch, step, figures):
        self.steps.append((epoch, step))

    def epoch(self, epoch, figures, *, kept):
        self.epochs.append((epoch, kept))


def weights_of(model):
    """Return the weights of the backbone and the head by name."""
    return {
        f"{part}/{i}/{weight.name}": keras.ops.convert_to_numpy(weight).copy()
        for part in ("backbone", "head")
        for i, weight in enumerate(model.get_layer(part).weights)
    }


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def only_run(root):
    """Return the one run under a folder."""
    [run] = list_runs(root)
    return run


def cross_entropy(model, images, classes):
    answers = model.predict(images, verbose=0)
    return float(-np.log(answers[np.arange(len(classes)), classes]).mean()), answers


@contextmanager
def watched_stages():
    """Give a list that gets the weights before and after each stage, its first step, and the model kept before it."""
    seen = []
    run_phase, put_best = Trainer._run_phase, Keeper.put_best

    def watched(self, phase):
        before = weights_of(phase.built.model)
        file = self.run.path / "model.keras"
        kept = weights_of(keras.models.load_model(file)) if file.exists() else None
        seen.append(types.SimpleNamespace(before=before, kept=kept, steps=phase.steps))
        return run_phase(self, phase)

    def put(self, built):
        seen[-1].trained = weights_of(built.model)
        put_best(self, built)
        seen[-1].after = weights_of(built.model)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "_run_phase", watched)
        patch.setattr(Keeper, "put_best", put)
        yield seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 28, "grey": 24, "light": 20})
    (root / "dark" / "notes.txt").write_text("a note")
    return root


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Pictures that have nothing to do with their labels."""
    root = tmp_path_factory.mktemp("data") / "noise"
    make_folder(root, {"a": 24}, noise=200)
    return make_folder(root, {"b": 24}, noise=200, seed=1)


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """A training of three stages: its run, what it told, and the weights before and after each stage."""
    head = {"type": "classifier", "dropout": 0.2}
    augment = [{"type": "random_flip"}, {"type": "random_crop", "padding": 1}]
    data = {"image_size": [8, 8], "resize": "stretch"}
    spec = make_spec(
        folder, stages=STAGES, seed=5, head=head, augment=augment, data=data, preprocess={"normalize": "standardize"}
    )
    told, given = Told(), (b"# my own spec\n", ".yaml")
    with watched_stages() as seen:
        run = train(spec, tmp_path_factory.mktemp("runs"), given=given, progress=told)
    return types.SimpleNamespace(spec=spec, run=run, told=told, seen=seen)


# What a run leaves.


def test_a_run_folder_is_complete(trained):
    run = trained.run
    files = sorted(str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file())
    assert files == [
        "RUN.json",
        "data.json",
        "data.manifest.jsonl",
        "effective.json",
        "input.json",
        "labels.json",
        "logs/run.log",
        "metrics.jsonl",
        "model.keras",
        "run.lock",
        "spec.resolved.json",
        "spec.yaml",
        "state.json",
    ]
    assert (run.path / "spec.yaml").read_bytes() == b"# my own spec\n"
    assert spec_from_dict(run.read("spec.resolved.json")) == trained.spec
    assert run.read("labels.json") == ["dark", "grey", "light"]
    assert run.read("input.json") == {
        "medium": "image", "shape": [8, 8, 1], "size": [8, 8], "resize": "stretch", "channels": 1,
        "every_channel": False, "values": None,
    }  # fmt: skip
    about = run.about()
    assert (about["name"], about["seed"], about["run"]) == ("small", 5, run.id)
    assert about["environment"]["backend"] == keras.backend.backend()


def test_a_run_ends_as_done(trained):
    state = trained.run.state
    assert (state.state, state.seq, state.reason, state.exit_code) == ("done", 3, "", 0)
    log = (trained.run.path / "logs" / "run.log").read_text()
    assert f"run {trained.run.id}: small" in log
    assert "1 file ending in .txt left out: by the ending no picture" in log
    assert log.endswith(" done\n")


def test_the_manifest_has_a_line_for_each_sample(trained):
    lines = trained.run.manifest()
    facts = trained.run.read("data.json")
    assert len(lines) == facts["samples"] == 72
    assert set(lines[0]) == {"id", "label", "split", "sha256", "height", "width", "format"}
    assert facts["counts"] == {
        "train": {"dark": 14, "grey": 12, "light": 10},
        "validation": {"dark": 7, "grey": 6, "light": 5},
        "test": {"dark": 7, "grey": 6, "light": 5},
    }
    assert facts["fingerprint"] == load_data(trained.spec).fingerprint
    assert facts["notes"] == trained.told.notes == ["1 file ending in .txt left out: by the ending no picture"]


def test_there_is_a_line_of_figures_for_each_epoch(trained):
    lines = trained.run.metrics()
    assert [(line["epoch"], line["stage"]) for line in lines] == [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2)]
    for line in lines:
        assert set(line) == {
            "epoch", "stage", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds", "kept",
        }  # fmt: skip
        assert all(math.isfinite(line[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy"))
        assert line["seconds"] >= 0
    assert [line["learning_rate"] for line in lines[:2]] == pytest.approx([0.05, 0.05])
    assert lines[3]["learning_rate"] < lines[2]["learning_rate"] <= 0.01
    assert [line["learning_rate"] for line in lines[4:]] == pytest.approx([0.01, 0.01])


def test_effective_says_what_was_done(trained):
    effective = trained.run.read("effective.json")
    stages = effective.pop("stages")
    assert effective.pop("seconds") > 0
    assert effective == {
        "backend": keras.backend.backend(),
        "learnt_from": {},
        "precision": train_module.choose_precision(trained.spec),
        "xla": train_module.choose_xla(trained.spec),
        "parameters": 4 * 9 + 4 * 4 + 4 * 3 + 3,
        "batch_size": 8,
        "devices": {"asked": 1, "used": effective["devices"]["used"], "why": "the spec says so"},
        "deterministic": False,
        "weights": None,
        "resumes": [],
        "rollbacks": 0,
        "samples": {"train": 36, "validation": 18, "test": 18},
        "elements": "held in memory",
        "augmentation": [
            {"type": "random_flip", "mode": "horizontal", "probability": 0.5},
            {"type": "random_crop", "padding": 1, "fill": "zeros"},
        ],
        "preprocessing": {"input_shape": [8, 8, 1], "resize": None, "normalize": "standardize"}
        | {
            "spectrogram": None,
            "embedding": 128,
        },
        "advice": [],
    }
    # The head is 4 x 3 weights and 3 biases, the convolution 9 x 4, the normalisation 4 scales and 4 shifts.
    assert [stage["trainable_parameters"] for stage in stages] == [15, 15 + 36 + 8, 15 + 36]
    assert [stage["frozen"] for stage in stages] == [["backbone"], [], ["batch_norm"]]
    assert [(stage["batch_size"], stage["steps_per_epoch"]) for stage in stages] == [(8, 5)] * 3
    assert [stage["epochs"] for stage in stages] == [2, 2, 2]
    assert [stage["ended"] for stage in stages] == ["all epochs done"] * 3
    assert [stage["optimizer"]["type"] for stage in stages] == ["adam", "adam", "sgd"]
    rates = [line["learning_rate"] for line in trained.run.metrics()]
    assert [rate for stage in stages for rate in stage["learning_rates"]] == rates


def test_progress_is_told_of_every_step_and_epoch(trained):
    assert trained.told.stages == [(1, 3, 2, 5), (2, 3, 2, 5), (3, 3, 2, 5)]
    assert trained.told.steps == [(epoch, step) for epoch in range(1, 7) for step in range(1, 6)]
    assert trained.told.epochs == [(line["epoch"], line["kept"]) for line in trained.run.metrics()]


# Stages.


def moved(stage, part):
    """Return the weights of a part that a stage changed, by the ends of their names."""
    names = [name for name in stage.before if name.startswith(part)]
    assert names
    return {name.rsplit("/", 1)[-1] for name in names if not np.array_equal(stage.before[name], stage.trained[name])}


def test_a_frozen_backbone_does_not_move(trained):
    assert moved(trained.seen[0], "backbone") == set()
    assert moved(trained.seen[0], "head") == {"kernel", "bias"}


def test_a_backbone_that_is_not_frozen_moves(trained):
    assert moved(trained.seen[1], "backbone") == {"kernel", "gamma", "beta", "moving_mean", "moving_variance"}


def test_frozen_batch_normalisation_keeps_its_statistics_and_its_scale(trained):
    assert moved(trained.seen[2], "backbone") == {"kernel"}
    assert moved(trained.seen[2], "head") == {"kernel", "bias"}


def test_a_stage_starts_where_the_one_before_ended(trained):
    for one, other in itertools.pairwise(trained.seen):
        assert equal(one.after.values(), other.before.values())
    assert [stage.steps for stage in trained.seen] == [5, 5, 5]


def test_the_first_weights_are_those_of_the_seed(trained):
    data = load_data(trained.spec)
    keras.utils.set_random_seed(5)
    fresh = weights_of(build(trained.spec, data.info).model)
    assert equal(fresh.values(), trained.seen[0].before.values())


# The best model.


def test_the_kept_model_is_that_of_the_best_epoch(trained):
    lines = trained.run.metrics()
    best = min(lines, key=lambda line: line["val_loss"])
    assert trained.run.best() == best
    lowest = math.inf
    for line in lines:
        assert line["kept"] == (line["val_loss"] < lowest)
        lowest = min(lowest, line["val_loss"])
    model = keras.models.load_model(trained.run.path / "model.keras")
    assert equal(weights_of(model).values(), trained.seen[-1].after.values())
    form = ImageForm((8, 8), "stretch", 1)
    images, classes = HeldSplit(trained.spec, trained.run.manifest(), form, "validation").whole()
    loss, answers = cross_entropy(model, images, classes)
    assert loss == pytest.approx(best["val_loss"], abs=1e-5)
    assert (answers.argmax(axis=1) == classes).mean() == pytest.approx(best["val_accuracy"], abs=1e-6)


def test_the_same_spec_and_seed_train_to_the_same_weights(trained, tmp_path):
    again = train(trained.spec, tmp_path)

    def figures(run):
        return [{name: value for name, value in line.items() if name != "seconds"} for line in run.metrics()]

    assert figures(again) == figures(trained.run)
    models = [keras.models.load_model(run.path / "model.keras") for run in (again, trained.run)]
    assert equal(models[0].get_weights(), models[1].get_weights())
    assert again.id != trained.run.id
    assert (again.path / "spec.yaml").read_text().startswith("kerascnn: 1\n")


@pytest.fixture(scope="module")
def patient(noise, tmp_path_factory):
    """A training that cannot learn, so that its patience ends the first stage; and the stages as they were seen."""
    spec = make_spec(
        noise,
        patience=2,
        monitor="val_accuracy",
        stages=[{"epochs": 40, "learning_rate": 0.02}, {"epochs": 1, "learning_rate": 1e-6}],
    )
    with watched_stages() as seen:
        run = train(spec, tmp_path_factory.mktemp("runs"))
    return types.SimpleNamespace(run=run, seen=seen)


def test_patience_ends_a_stage_and_not_the_run(patient):
    lines = patient.run.metrics()
    first, second = patient.run.read("effective.json")["stages"]
    assert 3 <= first["epochs"] < 40
    assert first["ended"] == "no better for 2 epochs"
    assert second["ended"] == "all epochs done"
    assert [line["stage"] for line in lines] == [0] * first["epochs"] + [1]
    kept = [line["kept"] for line in lines[: first["epochs"]]]
    assert kept[-3:] == [True, False, False]
    assert "TFF" not in "".join("T" if keep else "F" for keep in kept[:-1])
    assert patient.run.state.state == "done"


def test_a_stage_starts_from_the_best_model(patient):
    first, second = patient.seen
    assert equal(second.before.values(), second.kept.values())
    assert equal(second.before.values(), first.after.values())


def test_a_metric_that_should_rise_is_followed_upwards(patient):
    lines = patient.run.metrics()
    assert patient.run.best()["val_accuracy"] == max(line["val_accuracy"] for line in lines)
    highest = -1.0
    for line in lines:
        assert line["kept"] == (line["val_accuracy"] > highest)
        highest = max(highest, line["val_accuracy"])


# Without a validation split.


def test_a_monitor_without_a_validation_split_is_an_error_before_training(folder, tmp_path):
    spec = make_spec(folder, data={"split": {"validation": 0, "test": 0.25}})
    with pytest.raises(DataError, match=r"no sample is in the validation split") as caught:
        train(spec, tmp_path)
    assert "raise data.split.validation, or set train.monitor to loss" in str(caught.value)
    run = only_run(tmp_path)
    assert run.state.state == "failed"
    assert run.metrics() == []
    assert not (run.path / "effective.json").exists()


def test_the_loss_of_the_training_samples_can_be_monitored(folder, tmp_path):
    spec = make_spec(folder, data={"split": {"validation": 0, "test": 0}}, monitor="loss", batch_size=1000)
    run = train(spec, tmp_path)
    [line] = run.metrics()
    assert line["kept"]
    assert "val_loss" not in line
    effective = run.read("effective.json")
    assert effective["batch_size"] == 1000
    assert [(stage["batch_size"], stage["steps_per_epoch"]) for stage in effective["stages"]] == [(72, 1)]


# Stopping.


def stop_after(steps, code):
    asked = iter([None] * steps)
    return lambda: next(asked, code)


def test_a_stop_in_the_second_epoch_keeps_the_first(folder, tmp_path):
    spec = make_spec(folder, stages=[{"epochs": 5}])
    with pytest.raises(StoppedError, match="stopped on request in epoch 2; the model of epoch 1 is kept") as caught:
        train(spec, tmp_path, stop=stop_after(7, 130))
    assert caught.value.exit_code == 130
    run = only_run(tmp_path)
    state = run.state
    assert (state.state, state.exit_code) == ("stopped", 130)
    assert state.reason == str(caught.value)
    assert [line["kept"] for line in run.metrics()] == [True]
    assert keras.models.load_model(run.path / "model.keras").output_shape == (None, 3)
    with RunLock(run.path):
        assert read_state(run.path).state == "stopped"


def test_a_stop_before_the_first_epoch_is_done_keeps_nothing(folder, tmp_path):
    with pytest.raises(StoppedError, match="in epoch 1; no epoch was finished") as caught:
        train(make_spec(folder), tmp_path, stop=stop_after(2, 75))
    assert caught.value.exit_code == 75
    run = only_run(tmp_path)
    assert run.state.state == "stopped"
    assert not (run.path / "model.keras").exists()


def test_an_interrupt_stops_the_run(folder, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(train_module, "load_data", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(make_spec(folder), tmp_path)
    state = only_run(tmp_path).state
    assert (state.state, state.reason, state.exit_code) == ("stopped", "interrupted", 130)


# Divergence.

WILD = {"epochs": 5, "learning_rate": 10.0, "optimizer": {"type": "sgd", "momentum": 0.9}}
UNBOUNDED = [{"type": "flatten"}, *[{"type": "dense", "units": 8, "activation": "exponential"}] * 2]


@pytest.fixture(scope="module")
def diverged(folder, tmp_path_factory):
    """A training whose first stage is sound and whose second one diverges."""
    root = tmp_path_factory.mktemp("runs")
    backbone = {"type": "layers", "layers": UNBOUNDED}
    spec = make_spec(folder, backbone=backbone, stages=[{"epochs": 1, "learning_rate": 1e-4}, WILD])
    with pytest.raises(DivergedError) as caught:
        train(spec, root)
    return only_run(root), caught.value


def test_divergence_goes_back_three_times_then_says_what_to_do(diverged):
    run, error = diverged
    epoch = len(run.metrics()) + 1
    assert f"training diverged in epoch {epoch} (not finite: " in str(error)
    assert "learning rate 1.25); the first numbers that are not finite are the " in str(error)
    assert "; the model of epoch " in str(error)
    assert "Lower train.stages.1.learning_rate" in str(error)
    assert isinstance(error, TrainError)
    state = run.state
    assert (state.state, state.exit_code, state.reason) == ("diverged", 4, str(error))
    log = (run.path / "logs" / "run.log").read_text()
    assert [f"learning rate {rate}); back to" in log for rate in ("10", "5", "2.5", "1.25")] == [True] * 3 + [False]
    assert "at half the rate (3 of at most 3 times)" in log


def test_no_model_with_weights_that_are_no_numbers_is_kept(diverged):
    run, _ = diverged
    model = keras.models.load_model(run.path / "model.keras")
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert run.best()["kept"]


@pytest.mark.parametrize(("figure", "weight"), [(math.nan, 1.0), (math.inf, 1.0), (0.5, math.nan), (0.5, -math.inf)])
def test_neither_a_figure_nor_a_weight_may_be_infinite(folder, tmp_path, figure, weight):
    spec = make_spec(folder)
    data = load_data(spec)
    built = build(spec, data.info)
    run = RunFolder.create(tmp_path, given=b"", ending=".yaml", resolved={}, about={})
    phases = Phases(spec, data, built, lambda resized: built)
    trainer = Trainer(spec, phases, run, Progress(), lambda: None, xla=False)
    phase = phases.enter(0)
    model = trainer._compile(phase)
    weights = built.model.get_weights()
    built.model.set_weights([np.full_like(weights[0], weight), *weights[1:]])
    with pytest.raises(DivergingError, match=r"not finite: (val_loss|weights)"):
        trainer.end_epoch(phase, model, {"loss": 0.5, "val_loss": figure}, 1.0)
    assert trainer.position.best is None
    assert not (run.path / "model.keras").exists()
    [line] = run.metrics()
    assert line["val_loss"] == (0.5 if figure == 0.5 else None)
    assert line["kept"] is False
    assert "NaN" not in (run.path / "metrics.jsonl").read_text()


# Data that cannot be used.


def test_a_bad_picture_fails_the_run_before_training(tmp_path):
    root = make_folder(tmp_path / "pictures", {"a": 8, "b": 8})
    bad = root / "a" / os.fsdecode(b"caf\xe9.png")
    bad.write_bytes(b"")
    with pytest.raises(DataError, match="1 of 17 pictures cannot be read") as caught:
        train(make_spec(root), tmp_path / "runs")
    assert caught.value.files == ((str(bad), "is empty (0 bytes)"),)
    run = only_run(tmp_path / "runs")
    state = run.state
    assert (state.state, state.exit_code, state.reason) == ("failed", 3, str(caught.value))
    assert "1 of 17 pictures cannot be read" in (run.path / "logs" / "run.log").read_text()
    assert run.metrics() == []


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_picture_that_goes_away_while_training_is_named(tmp_path, monkeypatch, split):
    root = make_folder(tmp_path / "pictures", {"a": 16, "b": 16})
    spec = make_spec(root, stages=[{"epochs": 50}])
    gone = root / next(line["id"] for line in load_data(spec).manifest if line["split"] == split)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: types.SimpleNamespace(available=0))

    class Thief(Progress):
        def stage(self, *_):
            gone.unlink()

    with pytest.raises(DataError, match="cannot be read any more") as caught:
        train(spec, tmp_path / "runs", progress=Thief())
    assert caught.value.files == ((str(gone), "is not there"),)
    state = only_run(tmp_path / "runs").state
    assert (state.state, state.exit_code) == ("failed", 3)
    assert state.reason == str(caught.value)


def test_a_network_that_cannot_be_built_fails_the_run(folder, tmp_path):
    with pytest.raises(BuildError, match=r"model\.backbone"):
        train(make_spec(folder, backbone={"type": "lenet"}), tmp_path)
    state = only_run(tmp_path).state
    assert (state.state, state.exit_code) == ("failed", 2)


# Resources.


def test_a_full_disk_while_the_model_is_saved_fails_the_run(folder, tmp_path, monkeypatch):
    def save(model, path):
        path.write_bytes(b"half a model")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(keras.saving, "save_model", save)
    with pytest.raises(ResourceError, match=r"cannot write .*model\.keras: No space left on device") as caught:
        train(make_spec(folder), tmp_path)
    assert caught.value.exit_code == 5
    run = only_run(tmp_path)
    state = run.state
    assert (state.state, state.exit_code, state.reason) == ("failed", 5, str(caught.value))
    assert not [name for name in os.listdir(run.path) if "model" in name]
    assert run.metrics() == []


def test_a_log_that_cannot_be_written_fails_the_run_with_its_reason(folder, tmp_path, monkeypatch):
    create = RunFolder.create

    def without_logs(*args, **kwargs):
        run = create(*args, **kwargs)
        (run.path / "logs").rmdir()
        return run

    monkeypatch.setattr(RunFolder, "create", without_logs)
    with pytest.raises(ResourceError, match=r"cannot write .*run\.log"):
        train(make_spec(folder), tmp_path)
    state = only_run(tmp_path).state
    assert (state.state, state.exit_code) == ("failed", 5)


@pytest.mark.parametrize(
    ("raised", "expected", "code"),
    [
        (MemoryError(), ResourceError, 5),
        (type("ResourceExhaustedError", (Exception,), {})("OOM"), ResourceError, 5),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"), ResourceError, 5),
        (RecursionError(), BuildError, 2),
        (ZeroDivisionError("a bug"), ZeroDivisionError, 70),
    ],
)
def test_an_error_is_recorded_as_what_it_means(folder, tmp_path, monkeypatch, raised, expected, code):
    def fail(*_):
        raise raised

    monkeypatch.setattr(train_module, "load_data", fail)
    with pytest.raises(expected) as caught:
        train(make_spec(folder), tmp_path)
    state = only_run(tmp_path).state
    assert (state.state, state.exit_code, state.reason) == ("failed", code, str(caught.value))
    assert caught.value.__cause__ is (None if expected is ZeroDivisionError else raised)


def test_a_root_that_cannot_hold_runs_is_a_resource_error(folder, tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(ResourceError, match="cannot make a run under"):
        train(make_spec(folder), tmp_path / "runs")


# Processes.

HOLD = """
import sys
from pathlib import Path
from kerascnn.runs.lock import RunLock
from kerascnn.runs.state import write_state
with RunLock(Path(sys.argv[1])):
    write_state(Path(sys.argv[1]), "running")
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_run_that_another_process_works_on_is_left_alone(folder, tmp_path, monkeypatch):
    create = RunFolder.create
    holders = []

    def taken(*args, **kwargs):
        run = create(*args, **kwargs)
        command = [sys.executable, "-c", HOLD, str(run.path)]
        holders.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert holders[0].stdout.readline() == "held\n"
        return run

    monkeypatch.setattr(RunFolder, "create", taken)
    try:
        with pytest.raises(RunInUseError, match="works on") as caught:
            train(make_spec(folder), tmp_path)
        assert f"process {holders[0].pid} " in str(caught.value)
        run = only_run(tmp_path)
        assert (run.state.state, run.state.pid) == ("running", holders[0].pid)
    finally:
        holders[0].kill()
        holders[0].communicate()
    assert run.state.state == "lost"


ALONE = """
import os, sys
os.environ["KERAS_BACKEND"] = "jax"
# To compile takes most of the time.
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0"

class NoTensorFlow:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tensorflow":
            raise ModuleNotFoundError("this machine has no tensorflow", name=name)

sys.meta_path.insert(0, NoTensorFlow())
"""


def test_training_stopping_going_on_to_the_bit_and_evaluating_on_jax_needs_no_tensorflow(folder, tmp_path):
    spec = make_spec(
        folder,
        backbone={"type": "layers", "layers": [*LAYERS, {"type": "dropout", "rate": 0.1}]},
        preprocess={"resize": [12, 12], "normalize": "standardize"},
        augment=[{"type": "random_flip"}],
        batch_size=18,
        stages=[{"epochs": 3, "learning_rate": 0.05}],
    )
    (tmp_path / "spec.json").write_text(json.dumps(spec.spell()))
    work = """
    import json, kerascnn
    from kerascnn.engine import train
    from kerascnn.errors import StoppedError
    from kerascnn.spec import load_spec
    whole = kerascnn.train("spec.json", "runs")
    asked = iter(range(1, 100))
    try:
        train.train(load_spec("spec.json"), "stopped", stop=lambda: 75 if next(asked) == 3 else None)
    except StoppedError:
        [stopped] = kerascnn.Run.all("stopped")
    run = stopped.resume()
    import numpy as np
    report = run.evaluate("test")
    predicted = run.predict(np.full((8, 8, 1), 20, "uint8"))
    figures = [[{**line, "seconds": 0} for line in each.history] for each in (run, whole)]
    import keras
    weights = [keras.saving.load_model(each.path / "model.keras").get_weights() for each in (run, whole)]
    same = figures[0] == figures[1] and all(np.array_equal(a, b) for a, b in zip(*weights))
    facts = [run.effective, predicted[0].label, "tensorflow" in sys.modules, same]
    print(json.dumps([figures[0], report["metrics"], *facts]))
    """
    done = subprocess.run(
        [sys.executable, "-c", ALONE + textwrap.dedent(work)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    history, metrics, effective, label, tensorflow, same = json.loads(done.stdout.splitlines()[-1])
    assert not tensorflow
    assert same
    assert [resume["exact"] for resume in effective["resumes"]] == [True]
    assert effective["backend"] == "jax"
    assert effective["xla"]["used"] is True
    assert history[-1]["loss"] < history[0]["loss"]
    assert metrics["accuracy"] > 0.6
    assert label == "dark"
