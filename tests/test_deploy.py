"""The files for clusters: they parse, and say the exit codes that the code has."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from kerascnn import errors

DEPLOY = Path(__file__).parent.parent / "deploy"


def test_a_job_ends_at_once_where_trying_again_cannot_help_and_not_where_it_was_stopped() -> None:
    rules = yaml.safe_load((DEPLOY / "kubernetes-job.yaml").read_text("utf-8"))["spec"]["podFailurePolicy"]["rules"]
    by_action = {rule["action"]: rule["onExitCodes"]["values"] for rule in rules if "onExitCodes" in rule}
    hopeless = [errors.SpecError, errors.DataError, errors.DivergedError, errors.UntrustedFileError]
    assert by_action["FailJob"] == [one.exit_code for one in hopeless]
    assert by_action["Ignore"] == [errors.StoppedError.exit_code]


def test_the_image_holds_what_an_installation_needs() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    copied = [one for names in re.findall(r"^COPY (.*) \S+$", text, re.M) for one in names.split()]
    for one in copied:
        assert (DEPLOY.parent / one).exists(), one
    wheel = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"][
        "wheel"
    ]
    for package in [*wheel["packages"], *wheel["force-include"]]:
        assert package.split("/")[0] in copied, f"the image lacks {package}"


@pytest.mark.skipif(os.name != "posix" or not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(("code", "requeued"), [(0, False), (75, True), (3, False)])
def test_a_slurm_job_asks_to_go_on_only_where_it_was_stopped(tmp_path: Path, code: int, requeued: bool) -> None:
    tools = {
        "kerascnn": f'echo "$@" >> calls; mkdir -p runs/slurm-7/queue; exit {code}',
        "scontrol": 'echo "$@" > asked',
    }
    for name, text in tools.items():
        (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{text}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    around = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    for _ in range(2):
        done = subprocess.run(["bash", str(DEPLOY / "slurm.sh"), "spec.yaml"], cwd=tmp_path, env=around, check=False)
        assert done.returncode == code
    assert (tmp_path / "calls").read_text("utf-8").splitlines() == [
        "train spec.yaml --jobs 1 --runs runs/slurm-7",
        "worker --runs runs/slurm-7",
    ]
    assert (tmp_path / "asked").exists() == requeued


@pytest.mark.skipif(os.name != "posix" or not shutil.which("bash"), reason="needs bash")
def test_a_signal_of_slurm_reaches_the_training_whose_code_counts(tmp_path: Path) -> None:
    # It takes a moment to write its checkpoint.
    train = "trap 'sleep 0.5; exit 75' TERM; touch began; while true; do sleep 0.1; done"
    for name, text in {"kerascnn": train, "scontrol": 'echo "$@" > asked'}.items():
        (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{text}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    around = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    job = subprocess.Popen(["bash", str(DEPLOY / "slurm.sh"), "spec.yaml"], cwd=tmp_path, env=around)
    while not (tmp_path / "began").exists():
        assert job.poll() is None
    job.terminate()
    assert job.wait(timeout=30) == 75
    assert (tmp_path / "asked").read_text("utf-8") == "requeue 7\n"
