"""The states of a run and the ways between them: one table for the command line, the dashboard and the tests.

    new -> running -> finalizing -> done
    new, running, finalizing -> failed | stopped
    running -> diverged
    stopped, failed, lost -> running      (a resumed run)

`lost` is not written by anybody: it is what a reader sees where the state says that a process works on the run and
that process is gone. Of a process on another machine nobody can tell that from here: it is believed to work.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.runs.atomic import write_json

if TYPE_CHECKING:
    import psutil

NEXT: dict[str, frozenset[str]] = {
    "new": frozenset({"running", "failed", "stopped"}),
    "running": frozenset({"finalizing", "failed", "diverged", "stopped"}),
    "finalizing": frozenset({"done", "failed", "stopped"}),
    "done": frozenset(),
    "failed": frozenset({"running"}),
    "stopped": frozenset({"running"}),
    "diverged": frozenset(),
    "lost": frozenset({"running"}),
}
ACTIVE = frozenset({"new", "running", "finalizing"})
"""States in which a process works on the run."""


@dataclass(frozen=True)
class State:
    """What state.json holds."""

    state: str
    seq: int = 0
    """Number of transitions so far."""
    pid: int = 0
    process_started: float = 0.0
    """When the process was started, in seconds since the machine's start (on other systems than Linux, since 1970):
    with the pid it names the process for good, even where somebody sets the clock."""
    process_created: float = 0.0
    """The same in seconds since 1970, as the clock was then."""
    reason: str = ""
    """Why the run failed or stopped, in a sentence for the user."""
    exit_code: int | None = None
    time: float = 0.0
    """When this state began, in seconds since 1970."""
    host: str = ""
    """The name of the process's machine, "" where an earlier version wrote the state: this one."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether a process of another machine works on the run, as far as can be known here."""
        return self.state in ACTIVE and is_elsewhere(self.host)


def read_state(folder: Path) -> State:
    """Return the state of a run, `lost` where its process is gone. Raises UsageError where the folder is no run."""
    try:
        raw = json.loads((folder / "state.json").read_text("utf-8"))
        state = State(**raw)
        _check(state)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"{folder} is not a run: its state.json cannot be read ({error})") from None
    if state.state in ACTIVE and not is_alive(state.pid, state.process_started, state.host):
        return replace(state, state="lost", reason=f"the process {state.pid} is gone; it left no word")
    return state


def _check(state: State) -> None:
    if state.state not in NEXT:
        raise ValueError(f"no state is named {state.state!r}")
    if not all(type(number) is int and number >= 0 for number in (state.seq, state.pid)):
        raise TypeError("seq and pid should be whole numbers from 0 on")
    if not isinstance(state.process_started, int | float):
        raise TypeError("process_started should be a number")
    if not isinstance(state.reason, str) or not isinstance(state.host, str):
        raise TypeError("reason and host should be texts")


def write_state(folder: Path, new: str, *, reason: str = "", exit_code: int | None = None) -> State:
    """Move a run to a state in one step. Raises KerasCnnError where the table has no such way."""
    pid, started = this_process()
    try:
        old = read_state(folder)
    except UsageError:
        old = State(state="", seq=-1)
        if new != "new":
            raise
    if old.state and new not in NEXT[old.state]:
        raise KerasCnnError(f"a run cannot go from '{old.state}' to '{new}'")
    state = State(new, old.seq + 1, pid, started, _created(), reason, exit_code, time.time(), this_host())
    write_json(folder / "state.json", asdict(state))
    return state


def this_host() -> str:
    """Return the name of this machine, by which it is told from others that share a folder of runs."""
    return socket.gethostname()


def is_elsewhere(host: str) -> bool:
    """Return whether that is the name of another machine than this one."""
    return host not in ("", this_host())


def this_process() -> tuple[int, float]:
    """Return the pid of this process and when it was started, on the clock of `process_started`."""
    import psutil

    process = psutil.Process()
    return process.pid, _started(process)


def _created() -> float:
    import psutil

    return psutil.Process().create_time()


def _started(process: psutil.Process) -> float:
    """Return when a process was started, on a clock that nobody sets.

    On Linux psutil adds the boot time, which moves when the clock of the day is set: a live run would look lost.
    """
    import psutil

    return process.create_time() - (psutil.boot_time() if psutil.LINUX else 0.0)


def is_alive(pid: int, started: float, host: str = "") -> bool:
    """Return whether that very process runs: not another one with its number, and not a zombie.

    One of another machine cannot be seen from here, and is believed to run.
    """
    if is_elsewhere(host):
        return True
    import psutil

    try:
        process = psutil.Process(pid)
        same = abs(_started(process) - started) < 1.5  # seconds; the kernel rounds to whole ones
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
