"""The files of the jobs under a folder of runs: what any machine may read and write that shares the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from kerascnn.errors import UsageError
from kerascnn.jobs.plan import Planned
from kerascnn.runs.atomic import write_text

FOLDER = "queue"


class JobFiles:
    """The files of the jobs under a folder of runs, each written whole and in one step."""

    def __init__(self, runs: str | Path):
        self.runs = Path(runs).absolute()
        self.folder = self.runs / FOLDER

    def planned(self, job: str) -> Planned:
        """Return what a job is. Raises UsageError where its file is gone or damaged."""
        try:
            about = json.loads(self.file_of(job).read_text("utf-8"))
            text = about["text"].encode("utf-8", "surrogateescape")
            settings = tuple(map(str, about["settings"]))
            return Planned(about["spec"], text, settings, about["name"], about["folder"], about.get("plugins", ""))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"the job {job} cannot be read from {self.file_of(job)}: {error!r}") from None

    def file_of(self, job: str) -> Path:
        """Return the file that says what a job is."""
        return self.folder / "jobs" / f"{job}.json"

    def log_of(self, job: str) -> Path:
        """Return the file with what the process of a job says."""
        return self.folder / "jobs" / f"{job}.log"

    def progress_of(self, job: str) -> Path:
        """Return the file with how far a job is: stage, epoch, step and the last sentence."""
        return self.folder / "jobs" / f"{job}.progress"

    def run_of(self, job: str) -> Path:
        """Return the file in which a process of another machine says which run it works on."""
        return self.folder / "jobs" / f"{job}.run"

    def ask_to_stop(self, job: str, code: int) -> None:
        """Let the process of a job end in order with this exit code, on whatever machine it is."""
        write_text(self._stop_of(job), str(code))

    def forget(self, job: str) -> None:
        """Forget what was said to the last process of a job, and by it."""
        self._stop_of(job).unlink(missing_ok=True)
        self.run_of(job).unlink(missing_ok=True)

    def asked_to_stop(self, job: str) -> int | None:
        """Return the exit code with which a job was asked to end, None where it was not."""
        try:
            return int(self._stop_of(job).read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def _stop_of(self, job: str) -> Path:
        return self.folder / "jobs" / f"{job}.stop"


class Remote(JobFiles):
    """The queue as a process on another machine has it: files alone, and what it says at the end.

    SQLite's locks do not hold on network shares; whoever claimed the job for it writes that down.
    """

    SILENT: ClassVar[str] = "it ended without a word"

    def __init__(self, runs: str | Path):
        super().__init__(runs)
        self.ended: tuple[str, int, str] = ("failed", 70, self.SILENT)
        """State, exit code and reason."""

    def began(self, job: str, run: Path) -> None:
        """Say which run a job has."""
        write_text(self.run_of(job), str(run))

    def end(self, job: str, state: str, exit_code: int, reason: str = "") -> None:
        """Keep how the job ended, for `ended`."""
        self.ended = (state, exit_code, reason)
