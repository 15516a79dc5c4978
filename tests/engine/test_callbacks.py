"""Callbacks follow a training: they see every epoch once, change nothing, and their failure stops nothing."""

import csv
import random

import keras
import numpy as np
import pytest

from kerascnn.engine.callbacks import Callbacks, weights_by_name
from kerascnn.engine.progress import Progress
from kerascnn.engine.train import resume, train
from kerascnn.errors import BuildError, DivergedError, SpecError, StoppedError
from kerascnn.runs.atomic import read_json_lines
from kerascnn.runs.folder import list_runs
from kerascnn.spec import Callback, Follower, register
from tests.engine.made import make_folder, make_spec

TOLD = []
"""What the callback below was told, in order."""


class Recorder(Follower):
    def __init__(self, callback):
        self.callback = callback

    def begin(self, lines):
        self._told("begin", [line["epoch"] for line in lines])

    def end_epoch(self, line, weights):
        if self.callback.meddle:
            for values in weights().values():
                values[...] = 7
            random.seed(0)
            np.random.seed(0)
            line["loss"] = 0  # which stands in metrics.jsonl by now
        self._told("end_epoch", line["epoch"])

    def end(self, state):
        self._told("end", state)

    def _told(self, what, value):
        TOLD.append((what, value))
        if self.callback.fails == what:
            raise (SystemExit("gone") if self.callback.leaves else OSError("no\nroute to host"))


@pytest.fixture
def recorder(registry):
    """Register a callback that records what it is told, and fails where it is asked to."""

    @register("recorder")
    class Record(Callback):
        """Record what it is told."""

        fails: str = ""
        leaves: bool = False
        meddle: bool = False

        def follow(self, training):
            TOLD.append(("follow", training.run))
            if self.fails == "follow":
                raise ImportError("libcudart.so.12 is missing")
            return Recorder(self)

    TOLD.clear()
    return {"type": "recorder"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 12, "light": 12})


def stop_after(number):
    asked = iter(range(1, 10_000))
    return lambda: 75 if next(asked) == number else None


class Notes(Progress):
    def __init__(self):
        self.said = []

    def note(self, text):
        self.said.append(text)


FILES = [{"type": "csv_log"}, {"type": "tensorboard", "histograms": 1}, {"type": "weight_histograms"}]
STAGES = [{"epochs": 2, "optimizer": {"type": "adam", "ema": 0.9}}, {"epochs": 2, "learning_rate": 0.01}]


def outcome(run):
    lines = [{name: value for name, value in line.items() if name != "seconds"} for line in run.metrics()]
    return lines, keras.models.load_model(run.path / "model.keras").get_weights()


def test_it_is_told_of_every_epoch_and_of_the_end_and_what_it_does_changes_nothing(folder, tmp_path, recorder):
    # A later stage at another size of pictures builds its network anew, with seeds from Python's generator.
    stages = [{"epochs": 2}, {"epochs": 1, "image_size": [10, 10]}]
    spec = {"stages": stages, "head": {"type": "classifier", "dropout": 0.5}}
    plain = outcome(train(make_spec(folder, **spec), tmp_path))
    run = train(make_spec(folder, **spec, callbacks=[{**recorder, "meddle": True}, *FILES]), tmp_path)
    assert [*TOLD] == [("follow", run.id), ("begin", []), *(("end_epoch", n) for n in (1, 2, 3)), ("end", "done")]
    followed = outcome(run)
    assert followed[0] == plain[0]
    assert all(np.array_equal(a, b) for a, b in zip(followed[1], plain[1], strict=True))


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
    """A training that nobody stops."""
    return train(make_spec(folder, stages=STAGES, callbacks=FILES), tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("step", [5, pytest.param(2, marks=pytest.mark.slow)])
def test_stopped_and_resumed_it_leaves_what_a_training_that_nobody_stops_leaves(folder, whole, tmp_path, step):
    """At the end of an epoch, and within the first one of the second stage."""
    with pytest.raises(StoppedError):
        train(make_spec(folder, stages=STAGES, callbacks=FILES), tmp_path, stop=stop_after(step))
    [run] = list_runs(tmp_path)
    resume(run)
    histograms = [(each.path / "histograms.jsonl").read_text() for each in (run, whole)]
    assert histograms[0] == histograms[1]
    assert [entry["epoch"] for entry in read_json_lines(run.path / "histograms.jsonl")] == [1, 2, 3, 4]
    with (run.path / "figures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["val_loss"] for row in rows] == [str(line["val_loss"]) for line in whole.metrics()]


@pytest.mark.slow
def test_killed_between_figures_and_checkpoint_it_is_told_again(folder, tmp_path, monkeypatch, recorder):
    """What came after the last checkpoint is told again; the files have it once."""
    monkeypatch.setattr("kerascnn.engine.keeper._COST", 1e9)
    spec = make_spec(folder, stages=[{"epochs": 3}], callbacks=[recorder, *FILES])

    def kill():
        if [what for what in TOLD if what == ("end_epoch", 2)]:
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        train(spec, tmp_path, stop=kill)
    [run] = list_runs(tmp_path)
    assert TOLD[-1] == ("end", "failed")
    TOLD.clear()
    resume(run)
    assert TOLD[:3] == [("follow", run.id), ("begin", []), ("end_epoch", 1)]
    assert [entry["epoch"] for entry in read_json_lines(run.path / "histograms.jsonl")] == [1, 2, 3]
    assert len((run.path / "figures.csv").read_text().splitlines()) == 4


@pytest.mark.slow
def test_a_training_that_goes_back_lets_it_begin_again(folder, tmp_path, monkeypatch, recorder):
    monkeypatch.setattr("kerascnn.engine.keeper._COST", 0)
    from kerascnn.engine.stages import Trainer

    real, broken = Trainer.end_epoch, []

    def end_epoch(self, phase, model, figures, seconds):
        if self.position.epoch == 1 and not broken:
            broken.append(True)
            figures = {**figures, "loss": float("nan")}
        return real(self, phase, model, figures, seconds)

    monkeypatch.setattr(Trainer, "end_epoch", end_epoch)
    train(make_spec(folder, stages=[{"epochs": 3}], callbacks=[recorder]), tmp_path)
    assert TOLD[1:] == [
        ("begin", []), ("end_epoch", 1), ("begin", [1]), ("end_epoch", 2), ("end_epoch", 3), ("end", "done")
    ]  # fmt: skip


def test_one_that_fails_stops_nothing(folder, tmp_path, recorder):
    notes = Notes()
    callbacks = [{**recorder, "fails": "end_epoch"}, {"type": "csv_log"}]
    run = train(make_spec(folder, stages=[{"epochs": 2}], callbacks=callbacks), tmp_path, progress=notes)
    assert run.state.state == "done"
    line = "train.callbacks: recorder failed (OSError: no route to host); training goes on without it"
    assert [note for note in notes.said if "recorder" in note] == [line]
    assert line in (run.path / "logs" / "run.log").read_text()
    assert len((run.path / "figures.csv").read_text().splitlines()) == 3


# The class by itself, without a training.


class Run:
    """As much of a run folder as callbacks look at."""

    def __init__(self, path, lines=()):
        self.path, self.id, self.lines, self.logged = path, "20261121-080000-abcdef", list(lines), []

    def metrics(self):
        return self.lines

    def log(self, text):
        self.logged.append(text)


@pytest.mark.parametrize(
    ("fails", "said", "told"),
    [
        ("follow", "cannot begin (ImportError: libcudart.so.12 is missing)", ["follow"]),
        ("begin", "cannot begin (OSError: no route to host)", ["follow", "begin"]),
        ("end_epoch", "failed (OSError: no route to host)", ["follow", "begin", "end_epoch"]),
        ("end", "failed at the end (OSError: no route to host)", ["follow", "begin", "end_epoch", "end_epoch", "end"]),
    ],
)
def test_one_that_fails_is_said_once_and_left_out(folder, tmp_path, recorder, fails, said, told):
    spec, run, notes = make_spec(folder, callbacks=[{**recorder, "fails": fails}, FILES[0]]), Run(tmp_path), Notes()
    with Callbacks(spec, run, notes) as callbacks:
        callbacks.begin()
        for epoch in (1, 2):
            callbacks.end_epoch({"epoch": epoch, "loss": 1.0}, None)
    assert notes.said == run.logged == [f"train.callbacks: recorder {said}; training goes on without it"]
    assert [what for what, _ in TOLD] == told
    assert (tmp_path / "figures.csv").read_text() == "epoch,loss\n1,1.0\n2,1.0\n"


def test_one_that_wants_to_end_the_process_does_not(folder, tmp_path, recorder):
    spec, notes = make_spec(folder, callbacks=[{**recorder, "fails": "begin", "leaves": True}]), Notes()
    Callbacks(spec, Run(tmp_path), notes).begin()
    assert notes.said == ["train.callbacks: recorder cannot begin (SystemExit: gone); training goes on without it"]


def test_a_key_that_interrupts_it_interrupts_the_training(folder, tmp_path, recorder, monkeypatch):
    def interrupted(self, lines):
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "begin", interrupted)
    callbacks = Callbacks(make_spec(folder, callbacks=[recorder]), Run(tmp_path), Notes())
    with pytest.raises(KeyboardInterrupt):
        callbacks.begin()


def test_a_package_that_is_missing_is_named_with_its_place_and_a_resume_does_without(folder, tmp_path, registry):
    @register("needy")
    class Needy(Callback):
        """Need what is not there."""

        package = "no_such_package_anywhere"
        install = "kerascnn[needy]"

        def follow(self, training):
            pytest.fail("followed")

    spec = make_spec(folder, callbacks=[{"type": "csv_log"}, {"type": "needy"}])
    with pytest.raises(BuildError) as caught:
        Callbacks(spec, Run(tmp_path), Notes())
    assert caught.value.spec_path == "train.callbacks.1"
    lacking = "needs no_such_package_anywhere, which is not installed: pip install kerascnn[needy]"
    assert str(caught.value) == f"train.callbacks.1: {lacking}"
    run, notes = Run(tmp_path), Notes()
    Callbacks(spec, run, notes, going_on=True).begin()
    assert notes.said == run.logged == [f"needy {lacking}; training goes on without it"]
    assert (tmp_path / "figures.csv").exists()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (StoppedError("x"), "stopped"),
        (KeyboardInterrupt(), "stopped"),
        (DivergedError("x"), "diverged"),
        (ValueError("x"), "failed"),
    ],
)
def test_the_end_says_how_it_ended(folder, tmp_path, recorder, error, state):
    callbacks = Callbacks(make_spec(folder, callbacks=[recorder]), Run(tmp_path), Notes())
    callbacks.begin()
    with pytest.raises(type(error)), callbacks:
        raise error
    assert TOLD[-1] == ("end", state)
    callbacks.end("done")
    assert TOLD[-1] == ("end", state), "an end is said once"


def network():
    """Return a network of two parts that use one layer together."""
    shared = keras.layers.Dense(3)
    x = keras.Input((3,))
    inner = keras.Model(x, keras.layers.Dense(2, name="out")(shared(keras.layers.Dropout(0.5)(shared(x)))), name="head")
    middle = keras.layers.Dense(3)(keras.layers.Dense(3)(x))
    return keras.Model(x, inner(shared(keras.layers.BatchNormalization(name="batch_normalization_7")(middle))))


def test_weights_have_the_same_names_each_time_that_a_network_is_built():
    names = [*weights_by_name(network())]
    assert names == [*weights_by_name(network())]
    assert names == [
        "dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias",
        *(f"batch_normalization/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")),
        "dense_2/kernel", "dense_2/bias", "head/out/kernel", "head/out/bias",
    ]  # fmt: skip


def test_weights_are_copies():
    model = network()
    before = model.get_weights()
    for values in weights_by_name(model).values():
        values[...] = 7
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_two_of_a_name_are_refused(folder):
    with pytest.raises(SpecError, match=r"train\.callbacks: has 'csv_log' more than once"):
        make_spec(folder, callbacks=[{"type": "csv_log"}, {"type": "csv_log"}])
