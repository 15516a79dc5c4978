"""One job of a queue in this process: a new run, or the one that an earlier process left."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from kerascnn.engine.progress import Progress
from kerascnn.engine.train import resume, train
from kerascnn.errors import KerasCnnError, StoppedError
from kerascnn.jobs.files import Remote
from kerascnn.jobs.queue import Job, Queue, runs_of_jobs
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.load import parse_spec


def do(queue: Queue | Remote, job: Job, progress: Progress, stop: Callable[[], int | None]) -> None:
    """Do a job that was claimed for this process, and write down in the queue how it ended.

    Raises KerasCnnError as `train` does; a job that was stopped waits again.
    """
    try:
        _train(queue, job, progress, stop)
    except StoppedError as error:
        queue.end(job.id, "waiting", error.exit_code, str(error))
        raise
    except KerasCnnError as error:
        queue.end(job.id, "failed", error.exit_code, str(error))
        raise
    except Exception as error:
        queue.end(job.id, "failed", 70, f"{type(error).__name__}: {error}; the log is {queue.log_of(job.id)}")
        raise
    queue.end(job.id, "done", 0)


def _train(queue: Queue | Remote, job: Job, progress: Progress, stop: Callable[[], int | None]) -> None:
    planned = queue.planned(job.id)
    os.chdir(planned.folder)
    earlier = RunFolder(job.run) if job.run else runs_of_jobs(queue.runs).get(job.id)
    if earlier is not None and earlier.state.state == "done":
        queue.began(job.id, earlier.path)
        return
    if earlier is not None:
        queue.began(job.id, earlier.path)
        resume(earlier, progress=progress, stop=stop)
        return
    spec = parse_spec(planned.text, planned.spec, planned.settings)
    ending = ".json" if Path(planned.spec).suffix.lower() == ".json" else ".yaml"
    train(
        spec,
        queue.runs,
        given=(planned.text, ending),
        progress=progress,
        stop=stop,
        job=job.id,
        began=lambda run: queue.began(job.id, run.path),
    )
