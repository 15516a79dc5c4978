"""A batch on a Ray cluster of this machine, one of whose nodes is killed: nothing is lost, nothing is done twice."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kerascnn.jobs.queue import Queue
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.templates_list import find_template

pytest.importorskip("ray", reason="Ray is not installed: pip install 'kerascnn[ray]'")

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

LENET = find_template("lenet5")
LIMIT = 400.0


@pytest.fixture
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    made.shutdown()


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kerascnn", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(fact: Callable[[], bool], parent: subprocess.Popen[str]) -> None:
    end = time.monotonic() + LIMIT
    while not fact():
        if parent.poll() is not None:
            raise AssertionError(parent.communicate())
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def batch(runs: Path, cluster: Any, seeds: str, epochs: int = 2) -> subprocess.Popen[str]:
    settings = [f"train.stages.0.epochs={epochs}", f"train.seed={seeds}", "train.xla=off"]
    options = [word for setting in settings for word in ("--set", setting)]
    options += ["--runs", str(runs), "--engine", "ray", "--ray-address", cluster.address, "--json"]
    return start("train", str(LENET), *options)


def going_on(runs: Path) -> list[RunFolder]:
    """Return the runs that have something to go on from."""
    return [run for run in list_runs(runs) if (run.path / "ckpt").is_dir() and list((run.path / "ckpt").iterdir())]


def test_a_node_that_is_killed_loses_nothing_and_nothing_is_done_twice(cluster: Any, tmp_path: Path) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    runs = tmp_path / "runs"
    parent = batch(runs, cluster, "1,2,3,4")
    wait_for(lambda: len(going_on(runs)) == 2, parent)
    begun = {run.id for run in going_on(runs)}
    cluster.remove_node(nodes[1], allow_graceful=False)
    out, err = parent.communicate(timeout=LIMIT)
    assert parent.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]  # what Ray says stands on stderr
    assert events[-1]["counts"] == {"done": 4}
    assert "The node" in err
    queue = Queue(runs)
    assert [job.state for job in queue.jobs()] == ["done"] * 4
    done = Counter(run.about()["job"] for run in list_runs(runs) if run.state.state == "done")
    assert done == dict.fromkeys([job.id for job in queue.jobs()], 1)
    for job in queue.jobs():
        assert [line["epoch"] for line in RunFolder(job.run).metrics()] == [1, 2]
    resumed = [run.id for run in list_runs(runs) if run.read("effective.json")["resumes"]]
    assert len(resumed) == 1
    assert resumed[0] in begun


def test_a_batch_that_is_stopped_or_whose_own_process_is_killed_waits_and_goes_on(cluster: Any, tmp_path: Path) -> None:
    cluster.add_node(num_cpus=1)
    runs = tmp_path / "runs"
    parent = batch(runs, cluster, "1,2", epochs=15)
    wait_for(lambda: bool(going_on(runs)), parent)
    parent.send_signal(signal.SIGTERM)
    _, err = parent.communicate(timeout=LIMIT)
    assert parent.returncode == 75, err
    assert f"kerascnn worker --runs {runs} --engine ray" in err
    assert [job.state for job in Queue(runs).jobs()] == ["waiting"] * 2
    [run] = list_runs(runs)
    assert run.state.state == "stopped"
    again = start("worker", "--runs", str(runs), "--engine", "ray", "--ray-address", cluster.address)
    wait_for(lambda: run.state.state == "running", again)
    again.kill()
    again.communicate()
    # Ray ends what it had begun; a pool of this machine takes that up.
    last = start("worker", "--runs", str(runs), "--json")
    out, err = last.communicate(timeout=LIMIT)
    assert last.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["counts"] == {"done": 2}
    assert len([run for run in list_runs(runs) if run.state.state == "done"]) == 2


def test_a_node_that_is_killed_during_a_sweep_loses_no_trial_and_none_is_done_twice(
    cluster: Any, tmp_path: Path
) -> None:
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    runs, spec = tmp_path / "runs", tmp_path / "spec.yaml"
    text = LENET.read_text("utf-8").replace("epochs: 40", "epochs: 3")
    seeds = "train.seed: {values: [1, 2, 3, 4]}"
    spec.write_text(f"{text}\nsweep: {{sampler: grid, parameters: {{{seeds}}}}}\n", "utf-8")
    parent = start(
        "sweep", str(spec), "--runs", str(runs), "--engine", "ray", "--ray-address", cluster.address, "--json"
    )
    wait_for(lambda: len(going_on(runs)) == 2, parent)
    cluster.remove_node(nodes[1], allow_graceful=False)
    out, err = parent.communicate(timeout=LIMIT)
    assert parent.returncode == 0, err
    queue = Queue(runs)
    assert [job.state for job in queue.jobs()] == ["done"] * 4
    done = Counter(run.about()["job"] for run in list_runs(runs) if run.state.state == "done")
    assert done == dict.fromkeys([job.id for job in queue.jobs()], 1)
    assert sorted(run.read("spec.resolved.json")["train"]["seed"] for run in list_runs(runs)) == [1, 2, 3, 4]
    assert [len(RunFolder(job.run).metrics()) for job in queue.jobs()] == [3] * 4
    assert sum(bool(run.read("effective.json")["resumes"]) for run in list_runs(runs)) == 1
    assert json.loads(out.splitlines()[-1])["best"]
    assert list(runs.glob("sweeps/*/best.yaml"))
