"""The profile of a training: its parts add up, and each is what it is called."""

import json
import threading
import time

import keras
import numpy as np
import pytest

from kerascnn.engine.profile import PARTS, Profile, profile_rows
from kerascnn.engine.progress import Progress
from kerascnn.engine.train import resume, train
from kerascnn.errors import StoppedError
from kerascnn.runs.folder import list_runs
from tests.engine.made import make_folder, make_spec


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def profile(tmp_path, clock, monkeypatch):
    found = Profile(tmp_path, Progress(), clock)
    monkeypatch.setattr(found._trace, "start", lambda: setattr(clock, "now", clock.now + 0.5))
    return found


def step(profile, clock, seconds, model="model"):
    profile.begin_step()
    clock.now += seconds
    profile.end_step(model)


def test_the_parts_of_a_training_by_hand(profile, clock):
    clock.now += 2
    profile.until("setup")
    step(profile, clock, 3)  # compiles
    clock.now += 0.25
    profile.until("callbacks")
    clock.now += 1  # until the next batch is there
    step(profile, clock, 0.5)
    clock.now += 0.125
    profile.until("callbacks")
    clock.now += 4
    profile.until("validation")
    facts = profile.as_dict()
    assert facts["seconds"] == {
        "setup": 2, "first_step": 3, "data": 1, "step": 0.5, "validation": 4, "callbacks": 0.375, "profiler": 0,
    }  # fmt: skip
    assert facts["total"] == 10.875
    assert facts["steps"] == 2
    assert sum(facts["shares"].values()) == pytest.approx(1, abs=1e-5)


def test_a_batch_that_is_late_is_waiting_within_the_step(profile, clock):
    """As with TensorFlow, which fetches the batch inside the step."""
    given = profile.batches(iter(range(9)))
    next(given)
    step(profile, clock, 1)
    profile.begin_step()
    clock.now += 0.75
    next(given)  # ready only now
    clock.now += 0.25
    profile.end_step("model")
    next(given)  # ready long before
    clock.now += 2
    step(profile, clock, 0.5)
    assert profile.seconds["data"] == 0.75 + 2  # and what passed between the steps
    assert profile.seconds["step"] == 0.25 + 0.5


def test_steps_of_one_call_wait_for_the_batch_that_holds_them_up(profile, clock):
    """Three steps of 1 second: the second batch is ready after 4 seconds, so 3 seconds are lost."""
    given = profile.batches(iter(range(9)))
    next(given)
    step(profile, clock, 1)
    profile.begin_step()
    next(given)
    clock.now += 4
    next(given)
    clock.now += 0.5
    next(given)
    clock.now += 1.5
    profile.end_step("model", 3)
    assert (profile.seconds["data"], profile.seconds["step"], profile.steps) == (3, 3, 4)


def test_the_first_step_of_each_model_is_apart(profile, clock):
    for model, seconds in (("a", 5), ("a", 1), ("b", 7), ("b", 1)):
        step(profile, clock, seconds, model)
    assert (profile.seconds["first_step"], profile.seconds["step"]) == (12, 2)


def test_the_profiler_itself_is_a_part(profile, clock):
    for _ in range(5):
        step(profile, clock, 1)
    assert profile.seconds["profiler"] == 0.5


def test_a_batch_made_in_a_thread_is_seen(profile, clock):
    given = profile.batches(iter("ab"))
    thread = threading.Thread(target=lambda: list(given))
    thread.start()
    thread.join()
    assert list(profile._ready) == [100.0, 100.0]


def test_the_table_has_the_largest_first_and_the_sum_last(profile, clock):
    clock.now += 1
    profile.until("data")
    clock.now += 3
    profile.until("step")
    assert profile_rows(profile.as_dict()) == [
        [PARTS["step"], "3.000", "75.0"],
        [PARTS["data"], "1.000", "25.0"],
        ["all", "4.000", "100.0"],
    ]


# In a training


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_folder(tmp_path_factory.mktemp("data") / "pictures", {"dark": 36, "light": 36})


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    """A training of two stages, 9 steps in each of four epochs, with a profile."""
    return train(make_spec(folder, stages=[{"epochs": 3}, {"epochs": 1}]), tmp_path_factory.mktemp("r"), profile=True)


def test_the_parts_add_up_to_the_training(run):
    facts = run.read("profile.json")
    assert sum(facts["seconds"].values()) == pytest.approx(facts["total"], rel=1e-3)
    assert facts["total"] == pytest.approx(run.read("effective.json")["seconds"], rel=0.05)
    steps = sum(stage["epochs"] * stage["steps_per_epoch"] for stage in run.read("effective.json")["stages"])
    assert (facts["steps"], facts["epochs"]) == (steps, 4)
    for part in ("first_step", "step", "validation", "callbacks", "setup"):
        assert facts["seconds"][part] > 0, part


def test_the_trace_is_the_same_time_in_order(run):
    facts = run.read("profile.json")
    events = json.loads((run.path / facts["trace"]).read_text())["traceEvents"]
    assert {event["name"] for event in events} <= set(PARTS)
    assert sum(event["dur"] for event in events) / 1e6 == pytest.approx(facts["total"], rel=0.01)
    starts = [event["ts"] for event in events]
    assert starts == sorted(starts)


def test_the_backend_traces_some_steps(run):
    backend = run.read("profile.json")["backend"]
    assert backend["name"] == keras.backend.backend()
    assert backend["failure"] is None
    assert backend["files"]
    assert all((run.path / name).stat().st_size > 0 for name in backend["files"])


@pytest.mark.slow
def test_a_profile_changes_nothing(folder, tmp_path, run):
    plain = train(make_spec(folder, stages=[{"epochs": 3}, {"epochs": 1}]), tmp_path)
    weights = [keras.models.load_model(each.path / "model.keras").get_weights() for each in (plain, run)]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
    assert not (plain.path / "profile.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("slow", ["data", "step", "callbacks", "validation"])
def test_what_is_slow_has_the_largest_part(folder, tmp_path, monkeypatch, slow):
    from kerascnn.engine import phase, stages, stream

    def slower(owner, name, seconds):
        real = getattr(owner, name)

        def work(self, *args):
            time.sleep(seconds)
            return real(self, *args)

        monkeypatch.setattr(owner, name, work)

    if slow == "data":
        slower(stream.Stream, "batch", 1.0)
    elif slow == "callbacks":
        slower(stages.Trainer, "end_step", 1.0)
    elif slow == "validation":
        slower(phase.Held, "__getitem__", 8.0)
    wide = [{"type": "conv2d", "filters": 512}] * 3
    backbone = {"type": "layers", "layers": wide} if slow == "step" else None
    run = train(make_spec(folder, stages=[{"epochs": 2}], backbone=backbone), tmp_path, profile=True)
    seconds = run.read("profile.json")["seconds"]
    others = {part: value for part, value in seconds.items() if part not in ("first_step", "setup", "profiler")}
    assert max(others, key=others.get) == slow, seconds


def test_a_training_that_is_stopped_has_its_profile_and_so_has_what_is_resumed(folder, tmp_path):
    asked = iter(range(1, 100))
    with pytest.raises(StoppedError):
        train(make_spec(folder), tmp_path, profile=True, stop=lambda: 75 if next(asked) == 3 else None)
    [run] = list_runs(tmp_path)
    assert run.read("profile.json")["steps"] == 3
    resume(run, profile=True)
    [stage] = run.read("effective.json")["stages"]
    assert (run.read("profile.json")["steps"], run.state.state) == (stage["steps_per_epoch"] - 3, "done")


def test_a_profiler_that_fails_is_said_and_stops_nothing(folder, tmp_path, monkeypatch):
    from kerascnn.engine.backend_trace import BackendTrace

    def broken(self):
        raise OSError("no CUPTI")

    said = []
    progress = Progress()
    progress.note = said.append
    monkeypatch.setattr(BackendTrace, "_start", broken)
    run = train(make_spec(folder, stages=[{"epochs": 1}]), tmp_path, progress=progress, profile=True)
    assert "no trace of the backend: OSError: no CUPTI" in said
    assert run.read("profile.json")["backend"]["failure"] == "OSError: no CUPTI"


# On the command line


def test_resume_prints_the_table(run, capsys, monkeypatch):
    from kerascnn.cli.main import run as command

    asked = []
    monkeypatch.setattr("kerascnn.engine.train.resume", lambda run, **how: asked.append(how["profile"]))
    assert command(["runs", "resume", str(run.path), "--quiet", "--profile"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[0] == "all"
    assert command(["runs", "resume", str(run.path), "--quiet", "--profile", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["profile"] == run.read("profile.json")
    assert command(["runs", "resume", str(run.path), "--quiet"]) == 0
    assert "waiting for data" not in capsys.readouterr().out
    assert asked == [True, True, False]


@pytest.mark.slow
def test_the_command_prints_the_table(folder, tmp_path, capsys):
    from kerascnn.cli.main import run as command
    from kerascnn.spec.yaml_text import write_yaml

    file = tmp_path / "spec.yaml"
    file.write_text(write_yaml(make_spec(folder).spell()))
    assert command(["train", str(file), "--runs", str(tmp_path / "runs"), "--quiet", "--profile"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[-1].split()[0] == "all"
    assert "waiting for data" in out


@pytest.mark.parametrize(
    ("more", "what"), [(["--find-lr"], "leave out --find-lr"), (["--folds", "3"], "give data.split.fold")]
)
def test_a_profile_is_of_one_training(folder, tmp_path, capsys, more, what):
    from kerascnn.cli.main import run as command
    from kerascnn.spec.yaml_text import write_yaml

    file = tmp_path / "spec.yaml"
    file.write_text(write_yaml(make_spec(folder).spell()))
    assert command(["train", str(file), "--profile", *more]) == 2
    assert f"--profile is for one training; {what}" in capsys.readouterr().err
