"""One training of the queue as a task of a Ray cluster, on whatever machine it runs."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerascnn.errors import KerasCnnError, RunInUseError

if TYPE_CHECKING:
    from kerascnn.jobs.files import Remote
    from kerascnn.jobs.queue import Job

_PATIENCE = 120.0
"""Seconds for which a process that was ended may go on holding the lock of its run."""
_EVERY = 1.0
"""Seconds between two looks whether the training is to stop."""


def work(runs: str, told: dict[str, Any], around: dict[str, str]) -> tuple[str, int, str]:
    """Do a job that the process which looks after the queue has claimed; return its state, exit code and reason.

    A second time, on another machine, the job's run goes on where it stood. What is said goes to the job's own log.
    """
    from kerascnn.jobs.files import Remote
    from kerascnn.jobs.queue import Job
    from kerascnn.runs.state import this_host
    from kerascnn.spec.plugins import FILES

    os.environ.update(around)
    job, queue = Job(**told), Remote(runs)
    if not queue.file_of(job.id).is_file():
        reason = (
            f"{queue.file_of(job.id)} is not on the machine {this_host()}; --runs names a folder that all machines of "
            "the cluster share, at the same path"
        )
        return "failed", 2, reason
    log = os.open(queue.log_of(job.id), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        if files := queue.planned(job.id).plugins:
            os.environ[FILES] = files
        _await_lock(queue, job)
        from kerascnn.cli.progress import make_progress
        from kerascnn.cli.progress_file import Written
        from kerascnn.engine.job import do

        do(queue, job, Written(make_progress(), queue.progress_of(job.id)), _stopper(queue, job.id))
    except KerasCnnError as error:
        if queue.ended[2] == Remote.SILENT:
            queue.end(job.id, "failed", error.exit_code, str(error))
    except Exception:  # noqa: BLE001
        traceback.print_exc()  # into the job's log, which the reason names
    return queue.ended


def _stopper(queue: Remote, job: str) -> Callable[[], int | None]:
    """Return what says whether the job was asked to stop, looking for that once a second."""
    looked: float | None = None
    code: int | None = None

    def stop() -> int | None:
        nonlocal looked, code
        now = time.monotonic()
        if looked is None or now - looked >= _EVERY:
            looked, code = now, queue.asked_to_stop(job)
        return code

    return stop


def _await_lock(queue: Remote, job: Job) -> None:
    """Wait while an earlier attempt holds the lock of the job's run: Ray may not have ended it yet.

    Raises RunInUseError where it goes on doing so.
    """
    from kerascnn.jobs.queue import runs_of_jobs
    from kerascnn.runs.folder import RunFolder
    from kerascnn.runs.lock import RunLock

    run = RunFolder(job.run) if job.run else runs_of_jobs(queue.runs).get(job.id)
    if run is None:
        return
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with RunLock(run.path):
                return
        except RunInUseError:
            if time.monotonic() >= end:
                raise
            time.sleep(_EVERY)
