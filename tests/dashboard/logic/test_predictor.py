"""Processes that hold models, played by a small script."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.predictor import Predictors

SCRIPT = """
import json, os, sys, time
run = sys.argv[1]
open(os.path.join(run, "starts"), "a").write("x")
if os.path.exists(os.path.join(run, "broken")):
    sys.stderr.write("loading ...\\nerror: run has no model.keras\\n  because\\n"); sys.exit(2)
if os.path.exists(os.path.join(run, "mute")):
    time.sleep(60)
print(json.dumps({"ready": True, "labels": ["a"]}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["paths"] == ["die"]:
        os.kill(os.getpid(), 9)
    if asked["paths"] == ["die once"] and len(open(os.path.join(run, "starts")).read()) == 1:
        os.kill(os.getpid(), 9)
    if asked["paths"] == ["bad"]:
        print(json.dumps({"error": "bad is not there", "exit_code": 3}), flush=True); continue
    if asked["paths"][0] == "slow":
        time.sleep(0.5)
    said = [{"path": path, "label": "a", "confidence": 0.9, "pid": os.getpid()} for path in asked["paths"]]
    print(json.dumps({"predictions": said, "errors": [], "asked": asked}), flush=True)
"""


@pytest.fixture
def runs(tmp_path):
    """Return a function that makes the folder of a run."""

    def make(name):
        folder = tmp_path / name
        if not folder.is_dir():
            folder.mkdir()
            (folder / "model.keras").write_bytes(b"x")
        return folder

    return make


@pytest.fixture
def pool(tmp_path):
    script = tmp_path / "play.py"
    script.write_text(SCRIPT)
    made = []

    def make(**options):
        made.append(Predictors(lambda run: [sys.executable, str(script), str(run)], **options))
        return made[-1]

    yield make
    for one in made:
        one.end()


def pid_of(said):
    return said["predictions"][0]["pid"]


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_there_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_model_is_loaded_once_and_asked_many_times(pool, runs):
    some, run = pool(), runs("r")
    assert some.state(run) == ""
    first, second = some.ask(run, ["1.png"]), some.ask(run, ["2.png"], "/tmp/drawn")
    assert pid_of(first) == pid_of(second)
    assert some.state(run) == "ready"
    assert second["asked"] == {"paths": ["2.png"], "overlays": "/tmp/drawn"}


def test_an_error_is_raised_in_its_words_and_the_next_question_is_answered(pool, runs):
    some, run = pool(), runs("r")
    with pytest.raises(UsageError, match="bad is not there"):
        some.ask(run, ["bad"])
    assert some.ask(run, ["1.png"])["predictions"]
    assert (run / "starts").read_text() == "x"


def test_what_stops_a_model_from_loading_is_said_in_its_own_words(pool, runs):
    run = runs("r")
    (run / "broken").touch()
    with pytest.raises(UsageError, match=r"\Arun has no model.keras\n  because\Z"):
        pool().ask(run, ["1.png"])
    assert (run / "starts").read_text() == "x", "it is not tried again"


def test_a_process_that_died_meanwhile_is_started_again(pool, runs):
    some, run = pool(), runs("r")
    first = pid_of(some.ask(run, ["1.png"]))
    os.kill(first, 9)
    while is_there_running(first):
        time.sleep(0.01)
    assert pid_of(some.ask(run, ["1.png"])) != first


def test_a_question_on_which_the_process_dies_is_asked_once_more(pool, runs):
    some, run = pool(), runs("r")
    some.ask(run, ["1.png"])
    assert some.ask(run, ["die once"])["predictions"]
    with pytest.raises(UsageError, match="ran out of memory"):
        some.ask(run, ["die"])
    assert some.ask(run, ["1.png"])["predictions"]


def test_there_are_two_at_the_most_and_the_one_used_longest_ago_goes(pool, runs):
    some = pool()
    pids = {name: pid_of(some.ask(runs(name), ["1.png"])) for name in "ab"}
    some.ask(runs("a"), ["1.png"])
    some.ask(runs("c"), ["1.png"])
    assert [some.state(runs(name)) for name in "abc"] == ["ready", "", "ready"]
    assert not is_there(pids["b"])
    assert pid_of(some.ask(runs("a"), ["1.png"])) == pids["a"]


def test_a_model_that_changed_is_loaded_anew(pool, runs):
    some, run = pool(), runs("r")
    first = pid_of(some.ask(run, ["1.png"]))
    os.utime(run / "model.keras", (1, 1))
    assert some.state(run) == ""
    assert pid_of(some.ask(run, ["1.png"])) != first
    assert not is_there(first)


def test_one_that_nobody_asks_goes_after_a_while(pool, runs):
    some, run = pool(idle=0.2), runs("r")
    pid = pid_of(some.ask(run, ["1.png"]))
    until = time.monotonic() + 10
    while is_there(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there(pid)
    assert some.state(run) == ""


def test_threads_share_a_process_and_each_gets_its_own_answer(pool, runs):
    some, run = pool(), runs("r")
    found = {}

    def ask(i):
        found[i] = some.ask(run, [f"{i}.png"])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {i: said["predictions"][0]["path"] for i, said in found.items()} == {i: f"{i}.png" for i in range(8)}
    assert (run / "starts").read_text() == "x"


def test_a_third_run_waits_while_two_are_busy(pool, runs):
    some = pool()
    threads = [threading.Thread(target=some.ask, args=(runs(name), ["slow"])) for name in "ab"]
    for thread in threads:
        thread.start()
    assert some.ask(runs("c"), ["1.png"])["predictions"]
    for thread in threads:
        thread.join()


def test_one_that_hangs_is_ended_and_that_is_said(pool, runs):
    run = runs("r")
    (run / "mute").touch()
    with pytest.raises(UsageError, match="without an answer"):
        pool(patience=0.3).ask(run, ["1.png"])


def test_after_the_end_nothing_is_started(pool, runs):
    some, run = pool(), runs("r")
    pid = pid_of(some.ask(run, ["1.png"]))
    some.end()
    assert not is_there(pid)
    with pytest.raises(UsageError, match="about to end"):
        some.ask(run, ["1.png"])


def test_a_process_does_not_outlive_a_server_that_is_killed(tmp_path, runs):
    run, script = runs("r"), tmp_path / "play.py"
    script.write_text(SCRIPT)
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, json, pathlib\n"
            "from kerascnn_dashboard.logic.predictor import Predictors\n"
            f"some = Predictors(lambda run: [sys.executable, {str(script)!r}, str(run)])\n"
            f"print(json.dumps(some.ask(pathlib.Path({str(run)!r}), ['1.png'])), flush=True)\n"
            "input()\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with server:
        pid = pid_of(json.loads(server.stdout.readline()))
        assert is_there(pid)
        server.kill()
    until = time.monotonic() + 10
    while is_there_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_there_running(pid)
