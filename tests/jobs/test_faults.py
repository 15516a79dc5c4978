"""Batches whose processes are killed: after a restart every job is done, and none was done twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kerascnn.jobs.queue import Queue, runs_of_jobs
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.spec.load import load_spec
from kerascnn.spec.yaml_text import write_yaml
from kerascnn.templates_list import find_template

pytestmark = pytest.mark.slow

LENET = find_template("lenet5")
LIMIT = 300.0


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "runs"
    for process in working(tmp_path / "runs"):
        process.kill()


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kerascnn", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def batch(runs: Path, *more: str, epochs: int = 4) -> subprocess.Popen[str]:
    settings = [f"train.stages.0.epochs={epochs}", "train.seed=1,2,3", "train.xla=off"]
    options = [word for setting in settings for word in ("--set", setting)]
    return start("train", str(LENET), *options, "--runs", str(runs), "--jobs", "2", *more)


def working(runs: Path) -> list[psutil.Process]:
    """Return the processes that do jobs of this folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if "--one" in words and str(runs) in words:
            found.append(process)
    return found


def wait_for(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not fact():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def trains(runs: Path) -> bool:
    """Return whether a run has finished an epoch."""
    return any((run.path / "metrics.jsonl").is_file() for run in list_runs(runs))


def assert_each_done_once(runs: Path) -> None:
    queue = Queue(runs)
    assert [job.state for job in queue.jobs()] == ["done"] * 3
    done = Counter(run.about()["job"] for run in list_runs(runs) if run.state.state == "done")
    assert done == dict.fromkeys([job.id for job in queue.jobs()], 1)
    for job in queue.jobs():
        assert [line["epoch"] for line in RunFolder(Path(job.run)).metrics()] == [1, 2, 3, 4]


def test_a_worker_that_is_killed_goes_back_and_goes_on(runs: Path) -> None:
    parent = batch(runs)
    wait_for(lambda: trains(runs) and bool(working(runs)))
    working(runs)[0].kill()
    out, err = parent.communicate(timeout=LIMIT)
    assert parent.returncode == 0, err
    assert out.count(" done ") == 3
    assert_each_done_once(runs)


def test_the_parent_that_is_killed_leaves_what_another_goes_on_with(runs: Path) -> None:
    parent = batch(runs)
    wait_for(lambda: trains(runs))
    parent.kill()
    parent.communicate()
    # Those that run go on without it; what waited waits.
    again = start("worker", "--runs", str(runs), "--jobs", "2")
    _, err = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, err
    assert_each_done_once(runs)


def test_after_all_were_killed_everything_is_done_once(runs: Path) -> None:
    parent = batch(runs)
    wait_for(lambda: trains(runs))
    os.kill(parent.pid, signal.SIGKILL)
    for process in working(runs):
        process.kill()
    parent.communicate()
    for file in (runs / "queue").glob("queue.sqlite*"):
        file.unlink()  # the index may be lost as well
    again = start("worker", "--runs", str(runs), "--json")
    out, err = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, err
    end = json.loads(out.splitlines()[-1])
    assert end["event"] == "end"
    assert end["counts"] == {"done": 3}
    assert_each_done_once(runs)


def test_a_batch_that_is_stopped_waits_and_goes_on(runs: Path) -> None:
    parent = batch(runs, epochs=4)
    wait_for(lambda: trains(runs))
    parent.send_signal(signal.SIGTERM)
    _, err = parent.communicate(timeout=LIMIT)
    assert parent.returncode == 75
    assert "kerascnn worker --runs" in err
    assert working(runs) == []
    assert "running" not in {job.state for job in Queue(runs).jobs()}
    again = start("worker", "--runs", str(runs))
    _, err = again.communicate(timeout=LIMIT)
    assert again.returncode == 0, err
    assert_each_done_once(runs)


def test_what_fails_is_told_in_a_table_and_by_the_exit_code(runs: Path, tmp_path: Path) -> None:
    spec = load_spec(LENET).spell()
    spec["data"]["source"] = {"type": "image_folder", "path": "nowhere"}
    (tmp_path / "bad.yaml").write_text(write_yaml(spec), "utf-8")
    parent = start(
        "train", str(LENET), str(tmp_path / "bad.yaml"), "--set", "train.stages.0.epochs=1", "--runs", str(runs)
    )
    out, err = parent.communicate(timeout=LIMIT)
    assert parent.returncode == 3
    assert "failed" in out
    assert "nowhere" in err
    assert "Traceback" not in err
    assert len(runs_of_jobs(runs)) == 2
