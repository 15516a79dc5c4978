import subprocess
import sys
import time

import pytest

from kerascnn.errors import ResourceError
from kerascnn.jobs.turn import is_held, turn

HOLD = """
import sys, time
from pathlib import Path
from kerascnn.jobs.turn import turn
with turn(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_without_a_file_nobody_waits():
    with turn(None):
        pass


def test_two_processes_take_turns_and_a_dead_one_lets_go(tmp_path):
    lock = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        assert is_held(lock)
        other.kill()
        other.wait()
        began = time.monotonic()
        with turn(lock):
            assert time.monotonic() - began < 10
            assert is_held(lock)
    assert not is_held(lock)


def test_a_file_that_was_never_held_is_free(tmp_path):
    assert not is_held(tmp_path / "nothing")


def test_a_file_that_cannot_be_opened_is_said(tmp_path):
    with pytest.raises(ResourceError, match="cannot open"), turn(tmp_path / "no" / "lock"):
        pass
