import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict

import psutil
import pytest

from kerascnn.errors import KerasCnnError, ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.state import ACTIVE, NEXT, State, is_alive, read_state, this_host, this_process, write_state

WAYS = {
    "new": {"running", "failed", "stopped"},
    "running": {"finalizing", "failed", "diverged", "stopped"},
    "finalizing": {"done", "failed", "stopped"},
    "done": set(),
    "failed": {"running"},
    "stopped": {"running"},
    "diverged": set(),
    "lost": {"running"},
}
PAIRS = [(old, new) for old in WAYS for new in WAYS if new != "lost"]

CHILD = """
import sys, time
from pathlib import Path
from kerascnn.runs.state import write_state
assert "keras" not in sys.modules
write_state(Path(sys.argv[1]), "new")
write_state(Path(sys.argv[1]), "running")
print("ready", flush=True)
time.sleep(60)
"""


def put(folder, state, seq=4, **fields):
    """Write a state.json that says this; `lost` is a running one whose process is gone."""
    pid, created = this_process()
    if state == "lost":
        state, created = "running", created - 1000
    write_json(folder / "state.json", asdict(State(state, seq, pid, created, **fields)))


@pytest.fixture
def child(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    yield process
    process.kill()
    process.communicate()


def test_the_table_is_the_one_that_is_documented():
    assert {old: set(new) for old, new in NEXT.items()} == WAYS
    assert {"new", "running", "finalizing"} == ACTIVE


@pytest.mark.parametrize(("old", "new"), [pair for pair in PAIRS if pair[1] in WAYS[pair[0]]])
def test_an_allowed_transition_is_written(tmp_path, old, new):
    put(tmp_path, old)
    state = write_state(tmp_path, new, reason="why", exit_code=3)
    assert (state.state, state.seq, state.reason, state.exit_code) == (new, 5, "why", 3)
    assert (state.pid, state.process_started) == this_process()
    assert state.process_created == psutil.Process().create_time()
    assert abs(state.time - time.time()) < 5
    assert read_state(tmp_path) == state


@pytest.mark.parametrize(("old", "new"), [pair for pair in PAIRS if pair[1] not in WAYS[pair[0]]])
def test_a_forbidden_transition_changes_nothing(tmp_path, old, new):
    put(tmp_path, old)
    before = (tmp_path / "state.json").read_bytes()
    with pytest.raises(KerasCnnError, match=f"a run cannot go from '{old}' to '{new}'"):
        write_state(tmp_path, new)
    assert (tmp_path / "state.json").read_bytes() == before


def test_a_run_begins_as_new(tmp_path):
    assert write_state(tmp_path, "new").seq == 0
    assert read_state(tmp_path).state == "new"


def test_a_run_begins_as_nothing_but_new(tmp_path):
    with pytest.raises(UsageError, match="is not a run"):
        write_state(tmp_path, "running")
    assert os.listdir(tmp_path) == []


def test_a_state_that_cannot_be_written_is_a_resource_error(tmp_path):
    with pytest.raises(ResourceError):
        write_state(tmp_path / "gone", "new")


def test_a_run_is_lost_when_its_process_was_killed(tmp_path, child):
    assert read_state(tmp_path).state == "running"
    assert read_state(tmp_path).pid == child.pid
    os.kill(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    # Nobody has waited for the child yet, so it is still in the table of processes.
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert read_state(tmp_path).state == "lost"
    child.wait()
    assert not psutil.pid_exists(child.pid)
    lost = read_state(tmp_path)
    assert (lost.state, lost.seq) == ("lost", 1)
    assert str(child.pid) in lost.reason
    assert json.loads((tmp_path / "state.json").read_text())["state"] == "running", "nobody writes 'lost'"


def test_a_lost_run_can_run_again(tmp_path, child):
    child.kill()
    child.wait()
    assert write_state(tmp_path, "running").seq == 2
    assert read_state(tmp_path).state == "running"


def test_a_stopped_process_is_alive(tmp_path, child):
    os.kill(child.pid, signal.SIGSTOP)
    try:
        assert read_state(tmp_path).state == "running"
    finally:
        os.kill(child.pid, signal.SIGCONT)


@pytest.mark.parametrize("state", sorted(WAYS.keys() - ACTIVE - {"lost"}))
def test_a_run_that_has_ended_is_not_lost(tmp_path, state):
    put(tmp_path, state)
    raw = json.loads((tmp_path / "state.json").read_text())
    write_json(tmp_path / "state.json", {**raw, "pid": 2**22 + 1})
    assert read_state(tmp_path).state == state


def test_another_process_of_the_same_pid_is_not_the_run(tmp_path):
    pid, created = this_process()
    assert is_alive(pid, created)
    assert not is_alive(pid, created - 10)
    put(tmp_path, "lost")
    assert read_state(tmp_path).state == "lost"


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere the time of a process's start does not move")
@pytest.mark.parametrize("step", [-86_400, -1, 1, 3600])
def test_setting_the_clock_loses_no_run(tmp_path, monkeypatch, step):
    write_state(tmp_path, "new")
    write_state(tmp_path, "running")
    boot_time = psutil._pslinux.boot_time
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: boot_time() + step)
    assert read_state(tmp_path).state == "running"
    assert write_state(tmp_path, "finalizing").seq == 2


@pytest.mark.parametrize("pid", [0, 2**22 + 1, 2**40, 10**30])
def test_a_pid_that_cannot_be_is_gone(tmp_path, pid):
    put(tmp_path, "running")
    raw = json.loads((tmp_path / "state.json").read_text())
    write_json(tmp_path / "state.json", {**raw, "pid": pid})
    assert read_state(tmp_path).state == "lost"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xff",
        b"[]",
        b"null",
        b'"running"',
        b"{}",
        b"[" * 100_000,
        b'{"state": "running", "later": 1}',
        b'{"state": "paused"}',
        b'{"state": ["running"]}',
        b'{"state": {"a": 1}}',
        b'{"state": null}',
        b'{"state": "running", "pid": "1"}',
        b'{"state": "running", "pid": -1}',
        b'{"state": "running", "pid": 1.5}',
        b'{"state": "running", "pid": 1, "process_started": "x"}',
        b'{"state": "failed", "seq": "1"}',
        b'{"state": "failed", "reason": ["x"]}',
    ],
)
def test_a_state_that_cannot_be_read_is_a_usage_error(tmp_path, content):
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"is not a run: its state\.json cannot be read"):
        read_state(tmp_path)
    with pytest.raises(UsageError):
        write_state(tmp_path, "running")
    assert (tmp_path / "state.json").read_bytes() == content


def test_a_folder_without_a_state_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="is not a run"):
        read_state(tmp_path / "gone")
    (tmp_path / "state.json").mkdir()
    with pytest.raises(UsageError, match="is not a run"):
        read_state(tmp_path)


def test_of_a_process_on_another_machine_nobody_here_can_tell(tmp_path):
    put(tmp_path, "running", host="another machine")
    state = read_state(tmp_path)
    assert (state.state, state.host, state.is_elsewhere) == ("running", "another machine", True)
    assert is_alive(2**22 + 1, 0.0, "another machine")
    assert not is_alive(2**22 + 1, 0.0, this_host())


def test_what_is_over_is_nowhere(tmp_path):
    put(tmp_path, "done", host="another machine")
    assert not read_state(tmp_path).is_elsewhere


def test_a_state_says_on_which_machine(tmp_path):
    put(tmp_path, "new")
    assert write_state(tmp_path, "running").host == this_host()
