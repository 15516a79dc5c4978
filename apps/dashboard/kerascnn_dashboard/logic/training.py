"""Trainings of a project: put into its queue, followed by files, stopped, gone on with.

A training is known by the id of its job until it has a run, and by either afterwards. What was started on the command
line in the same folder of runs is among them.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.jobs.files import JobFiles
from kerascnn.jobs.plan import Planned
from kerascnn.jobs.queue import Job, Queue
from kerascnn.jobs.turn import is_held
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.runs.state import is_alive
from kerascnn_dashboard.logic.jobs import ID, end_of
from kerascnn_dashboard.logic.models import name_of
from kerascnn_dashboard.logic.own_files import own_spec
from kerascnn_dashboard.logic.processes import launch
from kerascnn_dashboard.logic.project import Project

LIVE = frozenset({"waiting", "loading", "running", "finishing", "stopping"})
"""States that change by themselves."""
RESUMABLE = frozenset({"stopped", "failed", "lost"})


@dataclass(frozen=True)
class Live:
    """One training as it is now."""

    id: str
    """Of its run, or of its job while there is no run."""
    name: str
    state: str
    """waiting, loading, running, finishing, stopping; done, failed, diverged, stopped, lost, cancelled, unreadable."""
    job: Job | None = None
    run: RunFolder | None = None
    ahead: int = 0
    """Trainings that come before it, those of other projects included."""
    progress: Mapping[str, Any] = field(default_factory=dict)
    """As `kerascnn.cli.progress_file` writes it."""
    reason: str = ""
    created: float = 0.0

    @property
    def title(self) -> str:
        """What it is called: as somebody named it, else as its spec does."""
        return self.name if self.run is None or self.state == "unreadable" else name_of(self.run)

    @property
    def is_live(self) -> bool:
        """Whether it changes by itself."""
        return self.state in LIVE

    @property
    def resumable(self) -> bool:
        """Whether it can be gone on with."""
        return self.state in RESUMABLE and self.run is not None and (self.run.path / "ckpt").is_dir()


def start(project: Project, text: str, *, id: str, name: str) -> str:
    """Put a training of this spec at the end of the queue; return its id. A second time with the same id does nothing.

    `id` is drawn when the button is drawn: however often it is clicked there is one run. Raises SpecError, with every
    mistake, and UsageError.
    """
    if not ID.fullmatch(id):
        raise UsageError(f"'{id[:80]}' is no name of a training")
    own_spec(project, text)
    planned = Planned(str(project.folder / "spec.yaml"), text.encode(), (), name, str(project.folder))
    Queue(project.runs).put(id, planned, id)
    keep_working(project)
    return id


def stop(project: Project, live: Live) -> None:
    """End a training in order; what waits is taken out. The best model so far is kept."""
    if live.job is None:
        if live.run is not None and live.is_live:
            state = live.run.state
            if is_alive(state.pid, state.process_started):  # on this machine: a signal reaches no other
                _signal(state.pid)
        return
    queue = Queue(project.runs)
    if queue.cancel(live.job.id):
        return
    job = queue.find(live.job.id)
    # First the word, then the signal: its pool would begin it again. The run's own process is meant, and not the one
    # that leads a batch, such as one on a cluster; that one hears of the word.
    told = queue.give_up(job.id, "stopped on the dashboard")
    own = live.run is None or live.run.state.pid in (0, job.pid)
    if told and own and job.pid and is_alive(job.pid, job.process_started):
        _signal(job.pid)


def resume(project: Project, live: Live) -> None:
    """Go on with a training that stopped, failed or was lost, from its last checkpoint.

    Raises UsageError where there is nothing to go on with.
    """
    if not live.resumable or live.run is None:
        raise UsageError("there is no checkpoint to go on from; start it again")
    queue = Queue(project.runs)
    queue.put_back(1)
    if live.job is not None:
        queue.again(live.job.id)
        keep_working(project)
        return
    command = ["kerascnn", "runs", "resume", live.run.id, "--runs", str(project.runs)]
    launch(command, log=project.runs / "resume.log", folder=project.folder)


def keep_working(project: Project) -> None:
    """See to it that a process does what waits: after a start, and where its process has died.

    Raises ResourceError where none can be started.
    """
    queue = _queue(project)
    if queue is None or is_held(queue.folder / "pool.lock"):
        return
    if not any(job.state == "waiting" for job in queue.jobs()):
        return
    command = ["kerascnn_dashboard.pool", str(project.runs), str(project.device_lock)]
    launch(command, log=queue.folder / "pool.log", folder=project.folder)


def trainings(project: Project, others: list[Project] | None = None) -> list[Live]:
    """Return every training of the project, the last one first; a run that cannot be read is among them."""
    jobs: list[Job] = []
    if (queue := _queue(project)) is not None:
        queue.put_back(1)
        jobs = queue.jobs()
    files = JobFiles(project.runs)
    by_run = {job.run: job for job in jobs if job.run}
    by_id = {job.id: job for job in jobs}
    found = []
    for run in list_runs(project.runs):
        job = by_run.get(str(run.path))
        found.append(_of_run(files, run, job, by_id, _ahead(project, job, jobs, others or []) if job else 0))
    found += [_of_job(files, job, _ahead(project, job, jobs, others or [])) for job in jobs if not job.run]
    return sorted(found, key=lambda live: -live.created)


def training(project: Project, id: str, others: list[Project] | None = None) -> Live | None:
    """Return the training of this id, of its run or of its job; None where there is none."""
    if not ID.fullmatch(id):
        return None
    for live in trainings(project, others):
        if id == live.id or (live.job is not None and id == live.job.id):
            return live
    return None


def log_of(project: Project, live: Live, most: int = 20_000) -> str:
    """Return the end of what a training said, of its process and of its run."""
    files = [JobFiles(project.runs).log_of(live.job.id)] if live.job else []
    if live.run is not None:
        files.append(live.run.path / "logs" / "run.log")
    return "\n".join(text for file in files if (text := end_of(file, most)))


def _queue(project: Project) -> Queue | None:
    """Return the queue of a project, None where nothing was ever put into one: looking makes none."""
    return Queue(project.runs) if JobFiles(project.runs).folder.is_dir() else None


def _of_run(files: JobFiles, run: RunFolder, job: Job | None, by_id: Mapping[str, Job], ahead: int) -> Live:
    """Return the training of a run; where its job does not know the run yet, the run knows the job."""
    try:
        about, state = run.about(), run.state
    except KerasCnnError as error:
        return Live(run.id, run.id, "unreadable", job, run, reason=str(error))
    name, created = str(about.get("name", "")), float(about.get("created") or 0.0)
    job_id = about.get("job")
    if job is None and isinstance(job_id, str):
        job = by_id.get(job_id)
    shown, reason = state.state, state.reason
    progress = _progress(files, job)
    if shown in ("new", "running", "finalizing"):
        if job is not None and job.state == "cancelled":
            shown = "stopping"
        else:
            shown = {"new": "loading", "finalizing": "finishing"}.get(shown, shown)
    elif job is not None and job.state == "waiting":
        shown = "waiting"  # it was told to go on
    elif job is not None and job.state == "running" and shown != "done" and is_alive(job.pid, job.process_started):
        shown = "loading"
    return Live(run.id, name, shown, job, run, ahead, progress, reason, created)


def _of_job(files: JobFiles, job: Job, ahead: int) -> Live:
    state = {"running": "loading", "done": "done"}.get(job.state, job.state)
    created = 0.0
    with suppress(OSError, ValueError, KeyError, TypeError):  # without it, it stands last in the list
        created = float(json.loads(files.file_of(job.id).read_text("utf-8"))["created"])
    if state == "cancelled" and job.pid and is_alive(job.pid, job.process_started):
        state = "stopping"
    return Live(job.id, job.name, state, job, None, ahead, _progress(files, job), job.reason, created)


def _progress(files: JobFiles, job: Job | None) -> dict[str, Any]:
    if job is None:
        return {}
    try:
        found = json.loads(files.progress_of(job.id).read_text("utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def _ahead(project: Project, job: Job, jobs: list[Job], others: list[Project]) -> int:
    """Return how many trainings come before one that waits."""
    if job.state != "waiting":
        return 0
    own = sum(one.state == "running" or (one.state == "waiting" and one.position < job.position) for one in jobs)
    running = 0
    for other in others:
        if other.folder != project.folder and (queue := _queue(other)) is not None:
            running += sum(one.state == "running" for one in queue.jobs())
    return own + running


def _signal(pid: int) -> None:
    with suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGTERM)
