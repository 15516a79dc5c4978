"""The time of a step is measured on the real one, and nothing is left of that but what was chosen."""

import json

import keras
import numpy as np
import pytest

from kerascnn.engine import probe
from kerascnn.engine.position import take_arrays
from kerascnn.engine.probe import Pacer, Timing, measure, together
from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.train import resume, train
from kerascnn.errors import DataError, StoppedError
from kerascnn.runs.folder import list_runs
from tests.engine.made import make_folder, make_spec

HEAD = {"type": "classifier", "hidden": [4], "dropout": 0.4}
needs_tensorflow = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow is measured")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 16, "light": 16}, noise=60)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "xla"


def long_spec(folder, epochs=3, **train_section):
    """4 steps an epoch."""
    return make_spec(folder, head=HEAD, batch_size=4, stages=[{"epochs": epochs}], **train_section)


# How many steps go into one call.


@pytest.mark.parametrize(
    ("steps", "seconds", "number"),
    [
        (64, 0.002, 8),  # ten would be 20 ms; eight divides 64
        (100, 0.002, 10),
        (469, 0.002, 7),
        (67, 0.002, 1),  # a prime
        (4, 0.001, 4),
        (1024, 0.0001, 32),  # never more
        (1024, 0.0, 32),
        (64, 0.0049, 4),
        (64, 0.005, 1),
        (64, 3.0, 1),
        (1, 0.001, 1),
    ],
)
def test_as_many_steps_as_take_20_ms_and_divide_an_epoch_go_into_a_call(steps, seconds, number):
    assert together(steps, seconds) == number


# The choice, by times that are given.


class Trial:
    """A pacer on a stage that there is not, with times that are given by (XLA, steps in a call)."""

    def __init__(self, monkeypatch, times, *, gpus=(), backend="tensorflow", asked="auto", rule=False, first=1.0):
        self.measured, self.notes, self.told = [], [], []
        monkeypatch.setattr(probe, "backend", lambda: backend)
        monkeypatch.setattr(probe, "gpus", lambda: list(gpus))
        monkeypatch.setattr(probe, "put_arrays", lambda groups, arrays: None)
        monkeypatch.setattr(probe, "take_arrays", lambda groups: {})
        monkeypatch.setattr(probe, "_state", lambda model: {})

        def fake(model, phase, calls, *, together=1, stop=None):
            key = (model.jit_compile, model.together)
            self.measured.append((*key, calls))
            found = times[key]
            if isinstance(found, Exception):
                raise found
            return found if isinstance(found, Timing) else Timing(found, first)

        monkeypatch.setattr(probe, "measure", fake)
        self.spec = make_spec({"type": "digits"})
        told = self.notes

        class Said(Progress):
            def note(self, text):
                told.append(text)

        rules = {"asked": asked, "used": rule, "why": "the rule"}
        self.pacer = Pacer(self.spec, Info, rules, Said(), lambda: None, self.told.append)
        self.rule = rule

    def choose(self, epochs=1000, steps=64):
        phase = Phase(self.spec.train.stages[0].model_copy(update={"epochs": epochs}), steps)
        return self.pacer.choose(phase, Model, Model(self.rule, 1))


class Info:
    shape, labels = (8, 8, 1), ("a", "b")


class Model:
    def __init__(self, jit_compile, together):
        self.jit_compile, self.together = jit_compile, together


class Phase:
    class stream:  # noqa: N801
        batch_size = 8

    def __init__(self, stage, steps):
        self.stage, self.steps = stage, steps


def test_the_faster_of_the_two_is_taken_and_both_times_are_said(monkeypatch, cache):
    trial = Trial(monkeypatch, {(False, 1): 0.1, (True, 1): 0.05})
    model, pace, asked = trial.choose()
    assert (model.jit_compile, asked) == (True, None)
    assert pace["xla"] == {
        "asked": "auto",
        "used": True,
        "why": "measured: 50 ms a step with it, 100 ms without",
        "seconds_per_step": {"on": 0.05, "off": 0.1},
        "cached": False,
    }
    assert pace["steps_per_execution"]["used"] == 1
    assert trial.measured == [(False, 1, 20), (True, 1, 20)]
    assert trial.notes == ["measuring what XLA gains: it compiles the training step first"]
    assert trial.told == [pace]
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("seconds", [0.099, 0.2])
def test_xla_has_to_gain_something(monkeypatch, seconds):
    model, pace, _ = Trial(monkeypatch, {(False, 1): 0.1, (True, 1): seconds}).choose()
    assert not model.jit_compile
    assert (pace["xla"]["used"], pace["xla"]["seconds_per_step"]["on"]) == (False, seconds)


def test_a_verdict_is_kept_for_the_next_training(monkeypatch, cache):
    Trial(monkeypatch, {(False, 1): 0.1, (True, 1): 0.05}).choose()
    again = Trial(monkeypatch, {(True, 1): 0.05})
    model, pace, _ = again.choose()
    assert (model.jit_compile, pace["xla"]["cached"], pace["xla"]["used"]) == (True, True, True)
    assert pace["xla"]["seconds_per_step"] == {"on": 0.05, "off": 0.1}
    assert again.measured == [(True, 1, 20)]
    [file] = cache.iterdir()
    file.write_text("{}")  # what cannot be read is made again
    _, pace, _ = Trial(monkeypatch, {(False, 1): 0.1, (True, 1): 0.05}).choose()
    assert pace["xla"]["cached"] is False


def test_another_batch_device_or_version_is_measured_anew(monkeypatch, cache):
    times = {(False, 1): 0.1, (True, 1): 0.05}
    Trial(monkeypatch, times).choose()
    monkeypatch.setattr(Phase.stream, "batch_size", 16)
    Trial(monkeypatch, times).choose()
    here = probe.environment()
    for other in ({"gpus": ["H200"]}, {"versions": {"keras": "9"}}, {"flags": {"XLA_FLAGS": "x"}}):
        monkeypatch.setattr(probe, "environment", lambda other=other: here | other)
        Trial(monkeypatch, times).choose()
    assert len(list(cache.iterdir())) == 5


def test_a_cache_that_cannot_be_written_is_no_matter(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASCNN_CACHE", str(tmp_path / "file"))
    _, pace, _ = Trial(monkeypatch, {(False, 1): 0.1, (True, 1): 0.05}).choose()
    assert pace["xla"]["used"] is True


def test_on_a_cpu_a_training_that_is_short_is_not_held_up_by_a_measurement(monkeypatch, cache):
    """3 s for XLA to compile, and 4 s for 40 steps, are 2 % of 3,500 steps of 0.1 s."""
    times = {(False, 1): 0.1, (True, 1): 0.05}
    trial = Trial(monkeypatch, times)
    _, pace, _ = trial.choose(epochs=50, steps=64)
    assert (pace["xla"]["used"], pace["xla"]["seconds_per_step"]) == (False, {"on": None, "off": 0.1})
    assert "to measure would take more than 2 % of the training" in pace["xla"]["why"]
    assert trial.measured == [(False, 1, 20)]
    assert not cache.exists()
    _, pace, _ = Trial(monkeypatch, times).choose(epochs=56, steps=64)
    assert pace["xla"]["used"] is True


def test_on_a_gpu_it_is_always_measured(monkeypatch):
    times = {(False, 1): 0.1, (True, 1): 0.12}
    trial = Trial(monkeypatch, times, gpus=["H200"], rule=True)
    model, pace, _ = trial.choose(epochs=10)
    assert (model.jit_compile, pace["xla"]["used"]) == (False, False)
    assert [key[0] for key in trial.measured] == [False, True]


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (ValueError("no kernel for op X\nand more"), "XLA cannot compile this network's step: no kernel for op X"),
        (RuntimeError("RESOURCE_EXHAUSTED: 3 GB"), "XLA cannot compile this network's step: out of memory"),
    ],
)
def test_what_xla_cannot_compile_is_trained_without(monkeypatch, failure, why):
    model, pace, _ = Trial(monkeypatch, {(False, 1): 0.1, (True, 1): failure}).choose()
    assert not model.jit_compile
    assert (pace["xla"]["used"], pace["xla"]["why"]) == (False, why)


def test_an_error_of_the_data_is_no_verdict_on_xla(monkeypatch):
    with pytest.raises(DataError):
        Trial(monkeypatch, {(False, 1): 0.1, (True, 1): DataError("gone")}).choose()


@pytest.mark.parametrize("asked", ["on", "off"])
def test_what_the_spec_says_is_not_measured(monkeypatch, asked):
    used = asked == "on"
    trial = Trial(monkeypatch, {(used, 1): 0.1}, asked=asked, rule=used)
    model, pace, _ = trial.choose()
    assert (model.jit_compile, pace["xla"]) == (used, {"asked": asked, "used": used, "why": "the rule"})


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_are_not_measured(monkeypatch, backend):
    trial = Trial(monkeypatch, {}, backend=backend, rule=backend == "jax")
    _, pace, _ = trial.choose()
    assert pace["xla"]["used"] == (backend == "jax")
    assert pace["steps_per_execution"]["used"] == 1
    assert trial.measured == []


def test_a_training_of_a_few_steps_is_not_measured(monkeypatch):
    trial = Trial(monkeypatch, {})
    _, pace, _ = trial.choose(epochs=3, steps=83)
    assert pace["steps_per_execution"]["why"] == "249 steps are too few to measure one"
    assert trial.measured == []


def test_several_steps_in_a_call_have_to_gain_something(monkeypatch):
    asked = {"asked": "off", "backend": "tensorflow"}
    model, pace, _ = Trial(monkeypatch, {(False, 1): 0.002, (False, 8): 0.001}, **asked).choose()
    assert (model.together, pace["steps_per_execution"]["used"]) == (8, 8)
    assert pace["steps_per_execution"]["seconds_per_step"] == {"1": 0.002, "8": 0.001}
    assert pace["steps_per_execution"]["why"] == "measured: 1 ms a step for 8 in a call, 2 ms for one"
    model, pace, _ = Trial(monkeypatch, {(False, 1): 0.002, (False, 8): 0.00195}, **asked).choose()
    assert (model.together, pace["steps_per_execution"]["used"]) == (1, 1)
    model, pace, _ = Trial(monkeypatch, {(False, 1): 0.002}, **asked, first=30.0).choose()
    assert pace["steps_per_execution"]["why"] == "to make the step anew would take as long as it gains"


def test_a_stop_that_is_asked_for_meanwhile_chooses_nothing(monkeypatch, cache):
    trial = Trial(monkeypatch, {(False, 1): Timing(0.1, 1.0, asked=75)})
    _, pace, asked = trial.choose()
    assert (pace, asked, trial.told) == ({}, 75, [])
    assert not cache.exists()


# On a real training.


@pytest.fixture
def patient(monkeypatch):
    """Let each measurement pay, and its verdicts be those of the test."""
    monkeypatch.setattr(probe, "_SHARE", 1)
    monkeypatch.setattr(probe, "gpus", lambda: ["one on which XLA is always measured"])
    monkeypatch.setattr(probe, "_CALL", 10.0)
    monkeypatch.setattr(probe, "_SHORT", 10.0)
    monkeypatch.setattr(probe, "_WORK", 20.0)

    def wants(xla, steps):
        real = measure

        def fake(model, phase, calls, *, together=1, stop=lambda: None):
            found = real(model, phase, 3, together=together, stop=stop)
            right = bool(model.jit_compile) == xla and together == (steps if together > 1 else 1)
            return Timing(1e-3 if right and together > 1 else 1.0 if right else 50.0, 0.0, found.asked)

        monkeypatch.setattr(probe, "measure", fake)

    return wants


def outcome(run):
    figures = [{key: value for key, value in line.items() if key != "seconds"} for line in run.metrics()]
    return figures, keras.saving.load_model(run.path / "model.keras", compile=False).get_weights()


def assert_same(run, other):
    (figures, weights), (others, wanted) = outcome(run), outcome(other)
    assert figures == others
    assert all(np.array_equal(a, b) for a, b in zip(weights, wanted, strict=True))


@pytest.fixture(scope="module")
def plain(folder, tmp_path_factory):
    """A training in which nothing is measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probe, "_LEAST", 10**9)
        return train(long_spec(folder), tmp_path_factory.mktemp("plain"))


@needs_tensorflow
def test_nothing_is_left_of_a_measurement_but_the_choice(folder, plain, tmp_path, patient):
    """Dropout, moments and batch normalisation stand as if there had been none; steps in one call are the same bits."""
    patient(xla=False, steps=4)
    run = train(long_spec(folder), tmp_path)
    assert_same(run, plain)
    [stage] = run.read("effective.json")["stages"]
    assert (stage["xla"]["used"], stage["steps_per_execution"]["used"]) == (False, 4)
    assert run.read("effective.json")["xla"] == stage["xla"]
    assert stage["xla"]["seconds_per_step"] == {"on": 50.0, "off": 1.0}
    log = (run.path / "logs" / "run.log").read_text()
    assert "XLA off: measured: " in log
    assert "steps in a call: 4: measured: " in log


@needs_tensorflow
@pytest.mark.slow
def test_a_resumed_training_keeps_the_choice_and_ends_on_the_same_bits(folder, plain, tmp_path, patient, monkeypatch):
    patient(xla=False, steps=4)
    began = []
    end_step = Trainer.end_step
    monkeypatch.setattr(
        Trainer,
        "end_step",
        lambda self, phase, model, steps, logs: began.append(steps) or end_step(self, phase, model, steps, logs),
    )
    with pytest.raises(StoppedError):
        train(long_spec(folder, xla="off"), tmp_path, stop=lambda: 75 if len(began) == 2 else None)
    assert began == [4, 4]
    [run] = list_runs(tmp_path)
    before = run.read("effective.json")["xla"]
    monkeypatch.setattr(probe, "measure", None)  # it is not measured again
    resume(run)
    assert_same(run, plain)
    assert run.read("effective.json")["xla"] == before
    assert set(began) == {4}


@pytest.mark.slow
@needs_tensorflow
def test_stopped_while_it_is_measured_a_training_begins_at_its_beginning(folder, plain, tmp_path, monkeypatch):
    monkeypatch.setattr(probe, "_SHARE", 1)
    with pytest.raises(StoppedError):
        train(long_spec(folder), tmp_path, stop=lambda: 75)
    [run] = list_runs(tmp_path)
    assert run.metrics() == []
    resume(run)
    assert_same(run, plain)


@pytest.mark.slow
@needs_tensorflow
def test_a_training_with_xla_is_chosen_where_it_is_faster(folder, tmp_path, patient):
    patient(xla=True, steps=1)
    run = train(long_spec(folder), tmp_path)
    [stage] = run.read("effective.json")["stages"]
    assert stage["xla"]["used"] is True
    assert json.loads(json.dumps(stage["xla"])) == run.read("effective.json")["xla"]


@needs_tensorflow
def test_a_measurement_puts_weights_moments_and_generators_back_also_where_it_fails(folder):
    from kerascnn.engine.build import build
    from kerascnn.engine.data import load_data
    from kerascnn.engine.phase import Phases

    spec = long_spec(folder)
    data = load_data(spec)
    built = build(spec, data.info)
    phase = Phases(spec, data, built, lambda resized: built).enter(0)
    model = keras.Model(phase.model.input, phase.model.output)
    model.compile("adam", spec.task.loss(data.info), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    before = take_arrays({"all": [*model.variables, *model.optimizer.variables]})
    found = measure(model, phase, 5)
    assert 0 < found.seconds < found.first
    after = take_arrays({"all": [*model.variables, *model.optimizer.variables]})
    assert all(np.array_equal(before[name], after[name]) for name in before)
    steps = iter(range(100))

    def broken():
        if next(steps) == 4:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        measure(model, phase, 5, stop=broken)
    after = take_arrays({"all": [*model.variables, *model.optimizer.variables]})
    assert all(np.array_equal(before[name], after[name]) for name in before)
