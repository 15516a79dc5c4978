"""What the dashboard starts beside trainings: commands in processes of their own that talk by files.

jobs/ID/job.json      kind, command, facts: written once     state.json    the process, and how it ended
        output.json   what the command printed               log.txt       what it said meanwhile

A job outlives the server: whoever looks at its folder later sees how far it is.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.state import is_alive
from kerascnn_dashboard.logic.processes import launch

ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_TAIL = 20_000
"""Bytes of a log that are read."""
_SOON = 10.0
"""Seconds in which a process that was started has to write down which one it is."""


@dataclass(frozen=True)
class Job:
    """One command that was started."""

    folder: Path
    kind: str
    """What it is for, such as "check", "import" or "evaluate"."""
    command: tuple[str, ...]
    """A Python module and its arguments: `("kerascnn", "evaluate", RUN)`."""
    facts: Mapping[str, Any]
    """What the page wants to know it by, such as the run and the split."""
    started: float

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    def state(self) -> str:
        """Return "running", "done", "failed", "stopped", or "lost" where its process is gone without a word."""
        said = self._said()
        if "exit_code" in said:
            if said.get("stopped"):
                return "stopped"
            return "done" if said["exit_code"] == 0 else "failed"
        if not said:
            return "running" if time.time() - self.started < _SOON else "lost"
        return "running" if is_alive(int(said["pid"]), float(said["process_started"])) else "lost"

    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        code = self._said().get("exit_code")
        return code if isinstance(code, int) else None

    def output(self) -> Any:
        """Return the JSON document that it printed. Raises UsageError where there is none that can be read."""
        try:
            return json.loads((self.folder / "output.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"what {self.shell()} printed cannot be read: {error}") from None

    def log(self) -> str:
        """Return the end of what it said."""
        return end_of(self.folder / "log.txt")

    def reason(self) -> str:
        """Return why it failed, in its own words; "" where it did not."""
        state = self.state()
        if state == "lost":
            return "it ended without a word; often the computer ran out of memory"
        if state != "failed":
            return ""
        lines = [line for line in self.log().strip().splitlines() if line.strip()]
        starts = [i for i, line in enumerate(lines) if line.startswith("error:")]
        said = lines[starts[-1] :] if starts else lines[-1:]
        return "\n".join(said).removeprefix("error:").strip() or f"it ended with exit code {self.exit_code()}"

    def shell(self) -> str:
        """Return the command as one types it."""
        return shell(self.command)

    def stop(self) -> None:
        """Ask it to end."""
        said = self._said()
        if self.state() == "running" and said:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(int(said["pid"]), signal.SIGTERM)

    def _said(self) -> dict[str, Any]:
        try:
            said = json.loads((self.folder / "state.json").read_text("utf-8"))
            return said if isinstance(said, dict) else {}
        except (OSError, ValueError):
            return {}


class Jobs:
    """The jobs of a project."""

    def __init__(self, folder: Path):
        self.folder = folder

    def start(
        self, kind: str, command: Sequence[str], *, id: str = "", facts: Mapping[str, Any] | None = None
    ) -> Job:  # fmt: skip
        """Start a command, a Python module and its arguments, and return its job; where one of this id is there, that.

        A page draws the id when it draws the button, so that a second click starts nothing. Raises ResourceError where
        it cannot be started.
        """
        id = id or new_id()
        if not ID.fullmatch(id):
            raise UsageError(f"'{id[:80]}' is no name of a job")
        folder = self.folder / id
        job = Job(folder, kind, tuple(map(str, command)), dict(facts or {}), time.time())
        try:
            self.folder.mkdir(exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            return self.find(id) or job
        except OSError as error:
            raise ResourceError(f"cannot make {folder}: {error.strerror or error}") from error
        about = {"kind": kind, "command": list(job.command), "facts": job.facts, "started": job.started}
        write_json(folder / "job.json", about)
        _begin(folder)
        return job

    def find(self, id: str) -> Job | None:
        """Return the job of this id, None where there is none that can be read."""
        if not ID.fullmatch(id):
            return None
        try:
            about = json.loads((self.folder / id / "job.json").read_text("utf-8"))
            return Job(
                self.folder / id, str(about["kind"]), tuple(about["command"]), about["facts"], float(about["started"])
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def all(self, kind: str = "", **facts: Any) -> list[Job]:
        """Return the jobs of a kind that are about these facts, the last one first."""
        try:
            names = [item.name for item in self.folder.iterdir()]
        except OSError:
            return []
        found = [job for name in names if (job := self.find(name))]
        fitting = [
            job
            for job in found
            if kind in ("", job.kind) and all(job.facts.get(key) == value for key, value in facts.items())
        ]
        return sorted(fitting, key=lambda job: -job.started)

    def last(self, kind: str, **facts: Any) -> Job | None:
        """Return the last job of a kind that is about these facts."""
        return next(iter(self.all(kind, **facts)), None)


def end_of(file: Path, most: int = _TAIL) -> str:
    """Return the last bytes of a log as text, "" where there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - most))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def new_id() -> str:
    """Return an id for a job that is about to be offered."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


def shell(command: Sequence[str]) -> str:
    """Return a command as one types it.

    >>> shell(["kerascnn", "evaluate", "my run"])
    "kerascnn evaluate 'my run'"
    """
    first, *rest = command
    return shlex.join([*(["kerascnn"] if first == "kerascnn" else ["python", "-m", first]), *rest])


def _begin(folder: Path) -> None:
    """Start the process that runs a job's command. It is in a session of its own: it outlives the server."""
    launch(["kerascnn_dashboard.runner", str(folder)], log=folder / "log.txt", folder=folder)
