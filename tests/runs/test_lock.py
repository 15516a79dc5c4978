import os
import signal
import subprocess
import sys

import pytest

from kerascnn.errors import ResourceError, RunInUseError
from kerascnn.runs.lock import RunLock

HOLD = """
import sys
from pathlib import Path
from kerascnn.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
assert "keras" not in sys.modules and "numpy" not in sys.modules
print("released", flush=True)
sys.stdin.readline()
"""

TRY = """
import sys
from pathlib import Path
from kerascnn.errors import RunInUseError
from kerascnn.runs.lock import RunLock
try:
    with RunLock(Path(sys.argv[1])):
        print("got it")
except RunInUseError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n", process.stderr.read()
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_with_the_pid_of_the_first(tmp_path, holder):
    with pytest.raises(RunInUseError, match=rf"process {holder.pid} works on ") as caught:
        RunLock(tmp_path).__enter__()
    assert caught.value.exit_code == 6
    assert (tmp_path / "run.lock").read_text() == str(holder.pid)


def test_this_process_refuses_another(tmp_path):
    with RunLock(tmp_path):
        done = subprocess.run([sys.executable, "-c", TRY, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 6
    assert f"process {os.getpid()} works on {tmp_path}" in done.stdout


def test_the_lock_is_free_at_once_after_the_holder_was_killed(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with RunLock(tmp_path):
        assert (tmp_path / "run.lock").read_text() == str(os.getpid())


def test_the_lock_is_free_after_the_holder_left_it(tmp_path, holder):
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "released\n"
    with RunLock(tmp_path):
        assert (tmp_path / "run.lock").read_text() == str(os.getpid())


def test_the_lock_goes_when_an_error_leaves_it(tmp_path):
    with pytest.raises(KeyError), RunLock(tmp_path):
        raise KeyError
    with RunLock(tmp_path) as lock:
        assert lock.path == tmp_path / "run.lock"


def test_one_process_cannot_hold_it_twice(tmp_path):
    with RunLock(tmp_path), pytest.raises(RunInUseError, match=f"process {os.getpid()} "):
        RunLock(tmp_path).__enter__()


def test_a_refused_lock_leaves_no_file_open(tmp_path, holder):
    lock = RunLock(tmp_path)
    with pytest.raises(RunInUseError):
        lock.__enter__()
    assert lock._file is None


def test_a_holder_that_has_not_written_its_pid_yet_is_unknown(tmp_path):
    with RunLock(tmp_path):
        (tmp_path / "run.lock").write_bytes(b"")
        with pytest.raises(RunInUseError, match="process unknown works on"):
            RunLock(tmp_path).__enter__()


def test_a_lock_that_cannot_be_made_is_a_resource_error(tmp_path):
    with pytest.raises(ResourceError, match=r"cannot write .*run\.lock"):
        RunLock(tmp_path / "gone").__enter__()
    (tmp_path / "run.lock").mkdir()
    with pytest.raises(ResourceError, match=r"cannot write .*run\.lock"):
        RunLock(tmp_path).__enter__()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_lock_on_a_full_disk_is_a_resource_error(tmp_path):
    (tmp_path / "run.lock").symlink_to("/dev/full")
    lock = RunLock(tmp_path)
    with pytest.raises(ResourceError, match=r"cannot write .*run\.lock"):
        lock.__enter__()
    assert lock._file is None
