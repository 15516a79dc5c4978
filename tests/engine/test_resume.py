"""A training that is killed at any moment and resumed ends on the same bits as one that was never stopped."""

import errno
import json
import os
import shutil
import subprocess
import sys
import types

import keras
import numpy as np
import pytest

from kerascnn.engine.progress import Progress
from kerascnn.engine.stages import Trainer
from kerascnn.engine.train import resume, train
from kerascnn.errors import DataError, ResourceError, RunInUseError, StoppedError, UsageError
from kerascnn.runs import checkpoints
from kerascnn.runs.checkpoints import Checkpoints
from kerascnn.runs.folder import list_runs
from kerascnn.runs.lock import RunLock
from kerascnn.runs.state import read_state
from tests.engine.made_to_resume import assert_same, outcome, pictures, spec_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def spec(folder):
    return spec_of(folder)


@pytest.fixture(scope="module")
def whole(spec, tmp_path_factory):
    """What a training that nobody stops comes to, with a checkpoint at the end of each epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerascnn.engine.keeper._COST", 0)
        return outcome(train(spec, tmp_path_factory.mktemp("runs")))


class KilledError(BaseException):
    """Stands for a kill: nothing in the package may catch it and tidy up."""


@pytest.fixture
def often(monkeypatch):
    """Checkpoints at the end of every epoch."""
    monkeypatch.setattr("kerascnn.engine.keeper._COST", 0)


def killed(monkeypatch, start):
    """Let a run die as by a kill: its state stays `running`, and its process is gone."""
    with monkeypatch.context() as patch:
        patch.setattr("kerascnn.engine.train._record", lambda run, error: None)
        with pytest.raises(KilledError):
            start()


def bury(run):
    """Let the process that worked on a run be one that is gone."""
    state = json.loads((run.path / "state.json").read_text())
    (run.path / "state.json").write_text(json.dumps(state | {"pid": 2**22 + 1}))
    return run


def at_step(number):
    """Return a question for a stop that kills at its nth time."""
    asked = iter(range(1, 10_000))

    def stop():
        if next(asked) == number:
            raise KilledError
        return None

    return stop


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("step", [10, *(pytest.param(step, marks=pytest.mark.slow) for step in (1, 3, 4, 9, 14))])
def test_killed_at_a_step_and_resumed_it_ends_on_the_same_bits(spec, whole, tmp_path, monkeypatch, step):
    killed(monkeypatch, lambda: train(spec, tmp_path, stop=at_step(step)))
    run = bury(*list_runs(tmp_path))
    assert run.state.state == "lost"
    resume(run)
    assert run.state.state == "done"
    assert_same(run, whole)
    assert run.read("effective.json")["resumes"][-1]["exact"]


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("steps", [(2,), *(pytest.param(s, marks=pytest.mark.slow) for s in ((7, 1, 4), (2, 2, 2, 2)))])
def test_stopped_within_an_epoch_it_goes_on_at_the_next_step(spec, whole, tmp_path, steps):
    """A stop writes a checkpoint within the epoch, with the running figures."""

    def stop_after(number):
        asked = iter(range(1, 10_000))
        return lambda: 75 if next(asked) == number else None

    with pytest.raises(StoppedError) as caught:
        train(spec, tmp_path, stop=stop_after(steps[0]))
    assert "`kerascnn runs resume " in str(caught.value)
    [run] = list_runs(tmp_path)
    for number in steps[1:]:
        with pytest.raises(StoppedError):
            resume(run, stop=stop_after(number))
    state = run.state
    assert (state.state, state.exit_code) == ("stopped", 75)
    found, _ = Checkpoints(run.path).load()
    done = found.state["epoch"] * 3 + found.state["steps"] if found.state["stage"] == 0 else None
    assert done in (None, sum(steps))
    resume(run)
    assert_same(run, whole)
    assert len(run.read("effective.json")["resumes"]) == len(steps)


@pytest.mark.slow
def test_a_checkpoint_that_is_not_due_costs_nothing_and_changes_nothing(spec, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("kerascnn.engine.keeper._COST", 1e9)
    killed(monkeypatch, lambda: train(spec, tmp_path, stop=at_step(8)))
    run = bury(*list_runs(tmp_path))
    found, _ = Checkpoints(run.path).load()
    assert (found.state["stage"], found.state["epochs"]) == (0, 0)
    resume(run)
    assert_same(run, whole)


@pytest.mark.slow
@pytest.mark.usefixtures("often")
def test_killed_at_any_write_it_ends_on_the_same_bits(spec, whole, tmp_path, monkeypatch):
    """Every flush, every renaming: the moments at which a half-written file could be left."""
    count = 0
    for number in range(1, 400):
        calls = iter(range(1, 10_000))
        with monkeypatch.context() as patch:
            for name in ("fsync", "replace"):
                real = getattr(os, name)

                def faulty(*args, real=real, calls=calls, number=number):
                    if next(calls) == number:
                        raise KilledError
                    return real(*args)

                patch.setattr(os, name, faulty)
            patch.setattr("kerascnn.engine.train._record", lambda run, error: None)
            patch.setattr(shutil, "rmtree", lambda *args, **kwargs: None)
            try:
                train(spec, tmp_path / str(number))
            except KilledError:
                count += 1
            else:
                break
        runs = list_runs(tmp_path / str(number))
        if not runs or not (runs[0].path / "spec.resolved.json").exists():
            continue
        if read_state(runs[0].path).state == "done":
            continue
        if number % 6 == 0:  # each costs seconds
            resume(bury(runs[0]))
            assert_same(runs[0], whole)
            assert not list((runs[0].path).glob("**/.*"))
    assert count > 40


# What stands in the way of a resume.


@pytest.fixture(scope="module")
def stopped(spec, tmp_path_factory):
    """A training that was stopped in its second epoch."""
    root = tmp_path_factory.mktemp("stopped")
    asked = iter(range(1, 10_000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerascnn.engine.keeper._COST", 0)
        with pytest.raises(StoppedError):
            train(spec, root, stop=lambda: 130 if next(asked) == 6 else None)
    return list_runs(root)[0]


@pytest.fixture
def copied(stopped, tmp_path):
    """A copy of it."""
    target = tmp_path / stopped.id
    shutil.copytree(stopped.path, target)
    return type(stopped)(target)


@pytest.mark.parametrize("damage", ["cut", "flip", "remove", "empty"])
@pytest.mark.parametrize("name", ["arrays.npz", "state.json", "MANIFEST.json", "best.keras"])
def test_a_damaged_checkpoint_is_passed_over_and_the_one_before_is_taken(copied, name, damage):
    store = Checkpoints(copied.path)
    before, _ = store.load()
    file = before.path / name
    data = file.read_bytes()
    file.unlink()
    if damage != "remove":
        changed = {"cut": data[:-3], "flip": data[:40] + bytes([data[40] ^ 1]) + data[41:], "empty": b""}[damage]
        file.write_bytes(changed)
    found, [reason] = store.load()
    assert found.path.name < before.path.name
    assert reason.startswith(f"{before.path.name} is damaged: ")


@pytest.fixture(scope="module")
def resumed(stopped, tmp_path_factory):
    """A copy of it that was resumed on another machine, with its newest checkpoint damaged; and what was said."""
    target = tmp_path_factory.mktemp("resumed") / stopped.id
    shutil.copytree(stopped.path, target)
    run = type(stopped)(target)
    newest, _ = Checkpoints(run.path).load()
    (newest.path / "arrays.npz").write_bytes(b"")
    notes = [newest.path.name]

    class Told(Progress):
        def note(self, text):
            notes.append(text)

    other = {"cpus": 96, "versions": {"keras": "9.9"}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerascnn.engine.going_on.environment", lambda: other)
        resume(run, progress=Told())
    return run, notes


def test_a_resume_says_which_checkpoint_it_passed_over(resumed, whole):
    run, (newest, *notes) = resumed
    assert any(note.startswith(f"{newest} is damaged") for note in notes)
    assert_same(run, whole)


def test_another_machine_is_said_and_does_not_stop_it(resumed):
    [last] = resumed[0].read("effective.json")["resumes"]
    assert last["exact"] is False
    assert any(line.startswith("cpus was ") and line.endswith(", is 96") for line in last["differences"])
    assert any(line.startswith("keras version was ") for line in last["differences"])


@pytest.mark.slow
def test_on_another_backend_it_goes_on_and_says_so(copied):
    pytest.importorskip("jax")
    pytest.importorskip("tensorflow")
    own = keras.backend.backend()
    other = "jax" if own == "tensorflow" else "tensorflow"
    command = [sys.executable, "-m", "kerascnn", "runs", "resume", copied.path, "--quiet"]
    done = subprocess.run(
        command, env={**os.environ, "KERAS_BACKEND": other}, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    [last] = copied.read("effective.json")["resumes"]
    assert (copied.state.state, last["exact"]) == ("done", False)
    assert f"backend was {own}, is {other}" in last["differences"]
    assert len(copied.metrics()) == 5


def test_a_run_that_is_done_has_nothing_to_resume(resumed):
    run, _ = resumed
    assert not (run.path / "ckpt").exists()
    with pytest.raises(UsageError, match="cannot be resumed: its state is 'done'"):
        resume(run)


def test_two_processes_do_not_resume_one_run(copied):
    with RunLock(copied.path), pytest.raises(RunInUseError):
        resume(copied)
    assert copied.state.state == "stopped"


def test_changed_data_is_refused(copied, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "kerascnn.engine.train.load_data", lambda spec, progress: types.SimpleNamespace(fingerprint="x")
    )
    with pytest.raises(DataError, match="the data is no longer what run"):
        resume(copied)
    assert copied.state.state == "failed"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_became_read_only_keeps_the_checkpoint_before(copied, monkeypatch, number):
    store = Checkpoints(copied.path)
    before, _ = store.load()

    def full(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(checkpoints, "flush_file", full)
    with pytest.raises(ResourceError, match=f"{os.strerror(number)}; the one before it is kept"):
        store.save({}, {"a": np.zeros(3)})
    monkeypatch.undo()
    after, refused = store.load()
    assert (after.path, refused) == (before.path, [])
    assert not list(store.folder.glob(".*"))


def test_only_the_last_two_checkpoints_are_kept(copied):
    store = Checkpoints(copied.path)
    for number in range(4):
        store.save({"number": number}, {})
    assert len(list(store.folder.iterdir())) == 2
    assert store.load()[0].state == {"number": 3}


def test_a_checkpoint_of_another_network_is_refused(copied, monkeypatch):
    go_to = Trainer._go_to

    def other(self, checkpoint):
        go_to(self, checkpoint)
        self._arrays = {**self._arrays, "model/99999": np.zeros(1)}

    monkeypatch.setattr(Trainer, "_go_to", other)
    with pytest.raises(UsageError, match=r"the checkpoint holds \d+ arrays, and this network and optimizer have \d+"):
        resume(copied)
