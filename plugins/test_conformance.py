"""Every plugin of this folder passes `kerascnn plugins check`, as it is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerascnn.spec.plugins import installed

HERE = Path(__file__).parent
NAMES = sorted(name for name, plugin in installed().items() if (HERE / plugin.distribution).is_dir())


def test_each_folder_is_installed():
    """A plugin that is not would be left out below."""
    there = {folder.name for folder in HERE.glob("kerascnn-*")}
    assert {installed()[name].distribution for name in NAMES} == there


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_passes_the_conformance_kit(name):
    """On one backend: the kit starts a process for each."""
    command = [sys.executable, "-m", "kerascnn", "plugins", "check", name, "--backend", "tensorflow"]
    done = subprocess.run(command, env={**os.environ}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
