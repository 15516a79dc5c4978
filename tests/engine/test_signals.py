"""A training that the system kills, again and again, or asks to end."""

import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress

import numpy as np
import pytest

from kerascnn.engine.train import train
from kerascnn.runs.checkpoints import Checkpoints
from kerascnn.runs.folder import list_runs
from tests.engine.made import make_spec
from tests.engine.made_to_resume import assert_same, outcome, pictures, spec_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("data"))


# Imports once, and forks before anything is computed: each training is a process of its own.
SCRIPT = """
    import os
    import sys
    from kerascnn.engine import keeper
    from kerascnn.engine.train import resume, train
    from kerascnn.runs.folder import list_runs
    from kerascnn.spec import load_spec
    keeper._COST = 0
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                runs = list_runs(line.strip())
                if runs:
                    resume(runs[0])
                else:
                    train(load_spec(sys.argv[1]), line.strip())
                code = 0
            finally:
                os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_killed_by_the_system_again_and_again_it_ends_on_the_same_bits(folder, tmp_path):
    """SIGKILL at 20 moments of chance, to processes of their own; each run goes on until it has ended by itself."""
    from kerascnn.spec.yaml_text import write_yaml

    spec = spec_of(folder)
    whole = outcome(train(spec, tmp_path / "whole"))
    (tmp_path / "spec.yaml").write_text(write_yaml(spec.spell()))
    (tmp_path / "go.py").write_text(textwrap.dedent(SCRIPT))
    rng, kills, number = np.random.default_rng(0), 0, 0
    longest = None  # seconds within which a training would end by itself, on this machine as busy as it is
    command = [sys.executable, tmp_path / "go.py", tmp_path / "spec.yaml"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as launcher:
        while kills < 20:
            number += 1
            code = -signal.SIGKILL
            while code == -signal.SIGKILL:
                launcher.stdin.write(f"{tmp_path / str(number)}\n".encode())
                pid, began = int(launcher.stdout.readline()), time.monotonic()
                if not select.select([launcher.stdout], [], [], longest and float(rng.uniform(0, longest)))[0]:
                    with suppress(ProcessLookupError):  # it has just ended
                        os.kill(pid, signal.SIGKILL)
                    longest *= 1.1  # it comes to its end, also where the machine gets busier
                code = int(launcher.stdout.readline())
                kills += code == -signal.SIGKILL
            assert code == 0
            longest = time.monotonic() - began
            [run] = list_runs(tmp_path / str(number))
            assert run.state.state == "done"
            assert_same(run, whole)
        launcher.stdin.close()
    assert kills >= 20


@pytest.mark.slow
def test_sigterm_writes_a_checkpoint_and_exits_with_75(folder, tmp_path):
    from kerascnn.spec.yaml_text import write_yaml

    spec = make_spec(folder, stages=[{"epochs": 4000}])
    (tmp_path / "spec.yaml").write_text(write_yaml(spec.spell()))
    command = [sys.executable, "-m", "kerascnn", "train", tmp_path / "spec.yaml", "--runs", tmp_path / "runs"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "epoch" in line and "loss" in line:
                break
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(30) == 75, rest
    [run] = list_runs(tmp_path / "runs")
    found, refused = Checkpoints(run.path).load()
    assert found is not None
    assert not refused
    assert found.state["epoch"] >= 1
    assert run.state.state == "stopped"
