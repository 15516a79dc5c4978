"""The queue of trainings under a folder of runs: each is claimed by one process, and goes back where that one dies.

`queue/jobs/ID.json` is what a job is, written once; the run folder that names the job says what came of it. The SQLite
file beside, `queue/queue.sqlite`, is queue and index only: `rebuild` makes it again from those two.

    waiting -> running -> done | failed
    waiting -> cancelled;  running -> waiting, where its process was stopped or is gone

The SQLite file is for the processes of one machine: a network share is no place for SQLite. Other machines, which see
the files of the jobs and the run folders, work for a process here that claims for them.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.jobs.files import JobFiles
from kerascnn.jobs.plan import Planned
from kerascnn.runs.atomic import write_json, write_text
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.runs.state import ACTIVE, is_alive, is_elsewhere, this_host, this_process

OPEN = ("waiting", "running")
ATTEMPTS = 3
"""How often a job is begun whose process dies without a word, before it counts as failed."""
_WAIT = 60.0
"""Seconds for which a process waits for the others to let go of the file."""
_TABLE = """
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, batch TEXT NOT NULL, name TEXT NOT NULL, position REAL NOT NULL, state TEXT NOT NULL,
  pid INTEGER NOT NULL DEFAULT 0, process_started REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
  run TEXT NOT NULL DEFAULT '', exit_code INTEGER, reason TEXT NOT NULL DEFAULT '',
  claimed REAL NOT NULL DEFAULT 0, ended REAL NOT NULL DEFAULT 0, host TEXT NOT NULL DEFAULT ''
)
"""


@dataclass(frozen=True)
class Job:
    """One training of the queue."""

    id: str
    batch: str
    name: str
    position: float
    state: str
    """ "waiting", "running", "done", "failed" or "cancelled"."""
    pid: int
    process_started: float
    attempts: int
    run: str
    """The folder of its run, "" where none was made yet."""
    exit_code: int | None
    reason: str
    claimed: float
    """When it was claimed last, in seconds since 1970."""
    ended: float
    host: str = ""
    """The machine of the process that claimed it."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


class Queue(JobFiles):
    """The queue under a folder of runs. Every method is one transaction, safe beside other processes.

    Raises ResourceError where the file cannot be read or written.
    """

    def __init__(self, runs: str | Path):
        super().__init__(runs)
        try:
            (self.folder / "jobs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(f"cannot make {self.folder}: {error.strerror or error}") from error
        with self._writing() as base:
            # In one transaction: another process may make it at the same time.
            if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone():
                base.execute(_TABLE)
                base.execute("CREATE INDEX waiting ON jobs (state, position)")
                self._fill(base)
            elif "host" not in {row[1] for row in base.execute("PRAGMA table_info(jobs)")}:
                base.execute("ALTER TABLE jobs ADD COLUMN host TEXT NOT NULL DEFAULT ''")

    def add(self, planned: Sequence[Planned]) -> list[Job]:
        """Put trainings at the end of the queue, as one batch; return them."""
        batch = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
        ids = [f"{batch}-{i:04d}" for i in range(1, len(planned) + 1)]
        for job, one in zip(ids, planned, strict=True):
            self._describe(job, one, batch)
        self._wait([(job, one.name) for job, one in zip(ids, planned, strict=True)], batch)
        return self.jobs(batch)

    def put(self, job: str, planned: Planned, batch: str) -> None:
        """Put one training of this id at the end of the queue, unless it is there."""
        self._describe(job, planned, batch)
        self._wait([(job, planned.name)], batch)

    def _describe(self, job: str, planned: Planned, batch: str) -> None:
        about = {**asdict(planned), "text": planned.text.decode("utf-8", "surrogateescape"), "batch": batch}
        write_json(self.file_of(job), about | {"created": time.time()})

    def _wait(self, jobs: Sequence[tuple[str, str]], batch: str) -> None:
        with self._writing() as base:
            last = base.execute("SELECT COALESCE(MAX(position), 0) FROM jobs").fetchone()[0]
            rows = [(job, batch, name, last + i) for i, (job, name) in enumerate(jobs, 1)]
            base.executemany(
                "INSERT OR IGNORE INTO jobs (id, batch, name, position, state) VALUES (?, ?, ?, ?, 'waiting')", rows
            )

    def jobs(self, batch: str | None = None) -> list[Job]:
        """Return the jobs in their order; of one batch, or all."""
        where, values = ("WHERE batch = ?", (batch,)) if batch else ("", ())
        with self._reading() as base:
            return [Job(*row) for row in base.execute(f"SELECT * FROM jobs {where} ORDER BY position, id", values)]

    def find(self, name: str) -> Job:
        """Return the job of this id, or of a beginning of one. Raises UsageError for none and for several."""
        found = [job for job in self.jobs() if job.id.startswith(name)] if name else []
        exact = [job for job in found if job.id == name] or found
        if len(exact) == 1:
            return exact[0]
        what = f"fits {len(found)} jobs" if found else "fits no job"
        raise UsageError(f"'{name}' {what} of the queue in {self.folder}; `kerascnn queue list` lists them")

    def claim(self, batch: str | None = None) -> Job | None:
        """Claim the first job that waits for this process; None where none does."""
        pid, started = this_process()
        where = "AND batch = ?" if batch else ""
        with self._writing() as base:
            row = base.execute(
                "UPDATE jobs SET state = 'running', pid = ?, process_started = ?, host = ?, claimed = ?, ended = 0, "
                "reason = '', attempts = attempts + 1, exit_code = NULL WHERE id = "
                f"(SELECT id FROM jobs WHERE state = 'waiting' {where} ORDER BY position, id LIMIT 1) RETURNING *",
                (pid, started, this_host(), time.time(), *([batch] if batch else [])),
            ).fetchone()
        return None if row is None else Job(*row)

    def began(self, job: str, run: Path) -> None:
        """Write down which run a job has."""
        with self._writing() as base:
            base.execute("UPDATE jobs SET run = ? WHERE id = ?", (str(run), job))

    def end(self, job: str, state: str, exit_code: int, reason: str = "") -> None:
        """Write down how a job ended: "done", "failed", or "waiting" for one that was stopped and has to go on."""
        attempts = ", attempts = 0" if state == "waiting" else ""
        with self._writing() as base:
            base.execute(
                f"UPDATE jobs SET state = ?, exit_code = ?, reason = ?, ended = ?{attempts} "
                "WHERE id = ? AND state = 'running'",
                (state, exit_code, reason, time.time(), job),
            )

    def cancel(self, job: str) -> bool:
        """Take a job out that waits. Return whether it did."""
        with self._writing() as base:
            done = self._take_out(base, job, "waiting", "cancelled")
        return done

    def move(self, job: str, before: str | None) -> None:
        """Let a job come before another one; before all others where that is None."""
        with self._writing() as base:
            rows = base.execute("SELECT id, position FROM jobs WHERE id != ? ORDER BY position, id", (job,)).fetchall()
            place = next((i for i, (one, _) in enumerate(rows) if one == before), 0)
            high = rows[place][1] if rows else 1.0
            low = rows[place - 1][1] if place else high - 1.0
            base.execute("UPDATE jobs SET position = ? WHERE id = ?", ((low + high) / 2, job))

    def give_up(self, job: str, reason: str) -> bool:
        """Let a job that runs count as ended, whatever its process says of it afterwards. Return whether it ran."""
        with self._writing() as base:
            return self._take_out(base, job, "running", reason)

    def _take_out(self, base: sqlite3.Connection, job: str, state: str, reason: str) -> bool:
        done = base.execute(
            "UPDATE jobs SET state = 'cancelled', reason = ?, ended = ? WHERE id = ? AND state = ?",
            (reason, time.time(), job, state),
        ).rowcount
        if done:  # an index that is made again has to know it
            write_text(self.file_of(job).with_suffix(".cancelled"), reason)
        return bool(done)

    def again(self, job: str) -> bool:
        """Let a job wait again that failed or was taken out, its run going on. Return whether it does."""
        with self._writing() as base:
            done = base.execute(
                "UPDATE jobs SET state = 'waiting', reason = '', exit_code = NULL, attempts = 0, pid = 0, ended = 0, "
                "position = (SELECT MAX(position) + 1 FROM jobs) WHERE id = ? AND state IN ('failed', 'cancelled')",
                (job,),
            ).rowcount
            if done:
                self.file_of(job).with_suffix(".cancelled").unlink(missing_ok=True)
        return bool(done)

    def put_back(self, attempts: int = ATTEMPTS) -> list[Job]:
        """Let jobs wait again whose process is gone, and return them as they were.

        One whose run is done is done; one whose process died in that many attempts has failed. Those that another
        machine has claimed stay as they are; `release` is for those.
        """
        with self._writing() as base:
            rows = [Job(*row) for row in base.execute("SELECT * FROM jobs WHERE state = 'running'")]
            gone = [job for job in rows if not is_alive(job.pid, job.process_started, job.host)]
            for job in gone:
                self._put_back(base, job, attempts)
        return gone

    def release(self, job: str) -> bool:
        """Let a job wait again that a machine which is gone for good has claimed. Return whether one had.

        Its run goes on where it stood. One whose run is done is done.
        """
        with self._writing() as base:
            row = base.execute("SELECT * FROM jobs WHERE id = ? AND state = 'running'", (job,)).fetchone()
            done = row is not None and is_elsewhere(Job(*row).host)
            if done:
                self._put_back(base, Job(*row), ATTEMPTS)
        return done

    def _put_back(self, base: sqlite3.Connection, job: Job, attempts: int) -> None:
        state, reason = self._after(job, attempts)
        base.execute(
            "UPDATE jobs SET state = ?, reason = ?, pid = 0, host = '', ended = ? WHERE id = ?",
            (state, reason, 0 if state == "waiting" else time.time(), job.id),
        )

    def rebuild(self) -> int:
        """Make the index again from the jobs' files and the run folders; return how many jobs it has.

        Jobs that a process has claimed stay as they are, and so do those that were taken out.
        """
        with self._writing() as base:
            return self._fill(base)

    def _fill(self, base: sqlite3.Connection) -> int:
        base.execute("DELETE FROM jobs WHERE state NOT IN ('running', 'cancelled')")
        kept = {row[0] for row in base.execute("SELECT id FROM jobs")}
        runs = runs_of_jobs(self.runs)
        files = sorted(self.folder.glob("jobs/*.json"))
        for position, file in enumerate(files, 1):
            try:
                about = json.loads(file.read_text("utf-8"))
                batch, name = str(about["batch"]), str(about["name"])
            except (OSError, ValueError, KeyError, TypeError):
                continue  # `planned` says what is wrong with it, where somebody asks for it
            if file.stem not in kept:
                state, reason, run, process = _of_run(runs.get(file.stem))
                if file.with_suffix(".cancelled").is_file():
                    state, process = "cancelled", (0, 0.0, "")
                base.execute(
                    "INSERT INTO jobs (id, batch, name, position, state, run, reason, pid, process_started, host) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (file.stem, batch, name, position, state, run, reason, *process),
                )
        return len(files)

    def _after(self, job: Job, attempts: int) -> tuple[str, str]:
        run = RunFolder(job.run) if job.run else runs_of_jobs(self.runs).get(job.id)
        state, reason, *_ = _of_run(run)
        if run is not None and run.state.is_elsewhere:
            # It worked for the process that claimed the job, and ended with that.
            state = "waiting"
        if state == "waiting" and job.attempts >= attempts:
            died = f"{job.attempts} times " if job.attempts > 1 else ""
            return "failed", f"its process died {died}without a word; what it said is in {self.log_of(job.id)}"
        return state, reason

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        file = self.folder / "queue.sqlite"
        try:
            base = sqlite3.connect(file, timeout=_WAIT, isolation_level=None)
            try:
                base.execute("PRAGMA journal_mode = WAL")
                yield base
            finally:
                base.close()
        except sqlite3.Error as error:
            raise ResourceError(
                f"the queue in {file} cannot be used: {error}; where the file is damaged remove it, and it is made "
                "again from the jobs and runs"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            base.execute("COMMIT")


def runs_of_jobs(runs: Path) -> dict[str, RunFolder]:
    """Return the last run of each job under a folder of runs."""
    found = {}
    for run in list_runs(runs):
        try:
            job = run.about().get("job")
        except UsageError:
            continue  # a run that was never whole, or a damaged one
        if isinstance(job, str):
            found[job] = run
    return found


def _of_run(run: RunFolder | None) -> tuple[str, str, str, tuple[int, float, str]]:
    """Return what a job's run says of the job: its state, the reason, the run's folder, and the process that works."""
    if run is None:
        return "waiting", "", "", (0, 0.0, "")
    state = run.state
    if state.state in ACTIVE:
        return "running", "", str(run.path), (state.pid, state.process_started, state.host)
    ended = {"done": "done", "failed": "failed", "diverged": "failed"}
    return ended.get(state.state, "waiting"), state.reason, str(run.path), (0, 0.0, "")
