"""`kerascnn train` of several trainings, `kerascnn worker`, `kerascnn queue`: trainings in processes of their own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunsFolder
from kerascnn.cli.output import document, note, result, table
from kerascnn.cli.signals import Stopper
from kerascnn.errors import StoppedError, UsageError

if TYPE_CHECKING:
    from kerascnn.jobs.pool import Pool
    from kerascnn.jobs.queue import Job, Queue

Jobs = Annotated[
    int | None,
    typer.Option(min=1, max=256, help="How many at a time, each in a process of its own; left out: one a GPU, or one."),
]
Engine = Annotated[
    str,
    typer.Option(
        metavar="local|ray",
        help="Where: processes of this machine, or tasks of a Ray cluster whose machines share the folder of runs.",
    ),
]
RayAddress = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="The Ray cluster, HOST:PORT; left out: RAY_ADDRESS, or one on this machine."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(worker)
    group = typer.Typer(
        help="List what waits to be trained, change its order, take it out.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    group.command("list")(list_all)
    group.command("cancel")(cancel)
    group.command("move")(move)
    group.command("release")(release)
    group.command("rebuild")(rebuild)
    app.add_typer(group, name="queue")


def train_all(
    specs: Sequence[Path],
    settings: Sequence[str],
    runs: Path,
    jobs: int | None,
    *,
    as_json: bool,
    quiet: bool,
    engine: str = "local",
    address: str | None = None,
) -> None:
    """Put the trainings into the queue and do them; say how each goes, and at the end what all came to."""
    from kerascnn.jobs.plan import plan
    from kerascnn.jobs.queue import Queue

    check_engine(engine, address)
    planned = plan(specs, settings)
    if not quiet and not as_json:
        from kerascnn.spec.sweep import has_sweep

        say_aside([spec for spec in specs if has_sweep(spec)])
    queue = Queue(runs)
    batch = queue.add(planned)[0].batch
    if not as_json:
        note(f"{len(planned)} trainings wait in the queue of {runs} as batch {batch}")
    _work(queue, jobs, batch, as_json=as_json, quiet=quiet, engine=engine, address=address)


def check_engine(engine: str, address: str | None) -> None:
    """Raise UsageError for an engine that is none, and for one that is not installed."""
    if engine not in ("local", "ray"):
        raise UsageError(f"--engine is local or ray (got '{engine}')")
    if address is not None and engine != "ray":
        raise UsageError("--ray-address is for --engine ray")
    if engine == "ray":
        from kerascnn.jobs.ray_pool import installed

        installed()


def make_pool(
    queue: Queue,
    jobs: int | None,
    batch: str | None = None,
    *,
    engine: str = "local",
    address: str | None = None,
    attempts: int = 3,
    lock: Path | None = None,
) -> Pool:
    """Return the pool that does the jobs of a queue, or of one batch."""
    from kerascnn.jobs.pool import Pool, gpus_here

    if engine == "ray":
        from kerascnn.cli.on_ray import work
        from kerascnn.jobs.ray_pool import RayPool

        return RayPool(queue, work, jobs, address=address, batch=batch, attempts=attempts)
    gpus = gpus_here()
    return Pool(queue, jobs or max(1, len(gpus)), batch=batch, gpus=gpus, attempts=attempts, lock=lock)


def say_aside(specs: Sequence[Path]) -> None:
    """Say of specs with a sweep that they are trained without it."""
    for spec in specs:
        note(f"{spec} has a sweep, which is left aside: the values are trained as they stand (kerascnn sweep {spec})")


def worker(
    runs: RunsFolder = Path("runs"),
    jobs: Jobs = None,
    batch: Annotated[str | None, typer.Option(help="Only the trainings of this batch.")] = None,
    one: Annotated[bool, typer.Option("--one", help="Do one training in this very process, and end.")] = False,
    attempts: Annotated[
        int, typer.Option(min=1, max=100, help="How often a training is begun whose process dies without a word.")
    ] = 3,
    lock: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Train only while holding this file: workers of other folders of runs that name it take turns.",
        ),
    ] = None,
    engine: Engine = "local",
    ray_address: RayAddress = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing while it works.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do what waits in the queue of a folder of runs, also what another process left when it died.

    Several may work at the same time: each training is done by one of them. Ends when nothing waits or runs any more.
    A training that is stopped, or whose process dies, goes on from its last checkpoint.
    """
    from kerascnn.jobs.queue import Queue

    check_engine(engine, ray_address)
    if engine == "ray" and (one or lock):
        raise UsageError(f"{'--one' if one else '--lock'} is for processes of this machine; leave out --engine ray")
    queue = Queue(runs)
    if one:
        _one(queue, batch, lock)
        return
    where: dict[str, Any] = {"engine": engine, "address": ray_address, "attempts": attempts, "lock": lock}
    _work(queue, jobs, batch, as_json=as_json, quiet=quiet, **where)


def list_all(runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """List the trainings of the queue in their order, with what became of each."""
    from kerascnn.jobs.queue import Queue

    queue = Queue(runs)
    queue.put_back()
    found = queue.jobs()
    if as_json:
        document([job.as_dict() for job in found])
    elif not found:
        result(f"nothing is in the queue of {runs}")
    else:
        rows = [[job.id, job.name, job.state, Path(job.run).name if job.run else ""] for job in found]
        result(table(["job", "training", "state", "run"], rows))


def cancel(
    names: Annotated[list[str], typer.Argument(metavar="JOB...", help="Jobs: their ids, or beginnings of them.")],
    runs: RunsFolder = Path("runs"),
) -> None:
    """Take trainings out of the queue that wait. One that runs is stopped by a signal to its process."""
    from kerascnn.jobs.queue import Queue

    queue = Queue(runs)
    for job in [queue.find(name) for name in names]:
        if not queue.cancel(job.id):
            raise UsageError(f"job {job.id} does not wait: its state is '{queue.find(job.id).state}'")
        result(f"cancelled {job.id}")


def move(
    name: Annotated[str, typer.Argument(metavar="JOB", help="The job: its id, or a beginning of it.")],
    before: Annotated[str | None, typer.Option(metavar="JOB", help="Before which job; left out: before all.")] = None,
    runs: RunsFolder = Path("runs"),
) -> None:
    """Let a training come earlier or later."""
    from kerascnn.jobs.queue import Queue

    queue = Queue(runs)
    job = queue.find(name)
    queue.move(job.id, queue.find(before).id if before else None)
    result(f"moved {job.id}")


def release(
    names: Annotated[list[str], typer.Argument(metavar="JOB...", help="Jobs: their ids, or beginnings of them.")],
    runs: RunsFolder = Path("runs"),
) -> None:
    """Let trainings wait again that another machine has claimed which is gone for good.

    Whether a process of another machine works cannot be seen from this one: make sure that it does not.
    """
    from kerascnn.jobs.queue import Queue

    queue = Queue(runs)
    for job in [queue.find(name) for name in names]:
        if not queue.release(job.id):
            why = "this machine has claimed it" if job.state == "running" else f"its state is '{job.state}'"
            raise UsageError(f"job {job.id} is not held by another machine: {why}")
        result(f"released {job.id}, which {job.host} had claimed: {queue.find(job.id).state}")


def rebuild(runs: RunsFolder = Path("runs")) -> None:
    """Make the queue's index again from the files of the jobs and the run folders."""
    from kerascnn.jobs.queue import Queue

    result(f"{Queue(runs).rebuild()} trainings are in the queue of {runs}")


def _one(queue: Queue, batch: str | None, lock: Path | None) -> None:
    """Do one job in this process, if one waits. What it says goes to the job's own log."""
    from kerascnn.jobs.turn import turn
    from kerascnn.spec.plugins import FILES

    with Stopper() as stopper, turn(lock):
        job = queue.claim(batch)
        if job is None:
            return
        log = os.open(queue.log_of(job.id), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(log, 1)
        os.dup2(log, 2)
        if files := queue.planned(job.id).plugins:
            os.environ[FILES] = files
        from kerascnn.cli.progress import make_progress
        from kerascnn.cli.progress_file import Written
        from kerascnn.engine.job import do

        do(queue, job, Written(make_progress(), queue.progress_of(job.id)), stopper)


def _work(
    queue: Queue,
    jobs: int | None,
    batch: str | None,
    *,
    as_json: bool,
    quiet: bool,
    **where: Any,
) -> None:
    """Do what waits, `where` `make_pool` is told; say how it goes, and at the end what all came to."""
    from kerascnn.cli.batch_view import make_view
    from kerascnn.jobs.queue import OPEN

    # A worker is not asked for what was done before it came.
    old = set() if batch else {job.id for job in queue.jobs() if job.state not in OPEN}
    pool = make_pool(queue, jobs, batch, **where)
    view = make_view(pool.many, quiet=quiet or as_json)
    with Stopper() as stopper:
        try:
            told = _lines(view) if as_json else view
            code = pool.run(lambda jobs: told([job for job in jobs if job.id not in old]), stopper)
        finally:
            view.close()
    found = [job for job in queue.jobs(batch) if job.id not in old]
    _say_all(found, as_json=as_json)
    if code is not None:
        left = sum(job.state == "waiting" for job in found)
        again = f"kerascnn worker --runs {queue.runs}" + (" --engine ray" if where.get("engine") == "ray" else "")
        raise StoppedError(f"stopped on request; {left} trainings wait: {again}", code)
    if failed := [job for job in found if job.state == "failed"]:
        raise typer.Exit(next((job.exit_code for job in failed if job.exit_code), 1))


def _lines(view: Callable[[list[Job]], None]) -> Callable[[list[Job]], None]:
    """Return what prints a line of JSON for each change of a job."""
    before: dict[str, str] = {}

    def told(jobs: list[Job]) -> None:
        for job in jobs:
            if before.get(job.id) != job.state:
                before[job.id] = job.state
                result(json.dumps({"event": "job", **job.as_dict()}))
        view(jobs)

    return told


def _say_all(jobs: Sequence[Job], *, as_json: bool) -> None:
    """Print what all came to, and why some failed."""
    from kerascnn.jobs.outcome import outcome

    found = [outcome(job) for job in jobs]
    if as_json:
        counts = {state: sum(job.state == state for job in jobs) for state in dict.fromkeys(job.state for job in jobs)}
        result(json.dumps({"event": "end", "counts": counts, "jobs": [one.as_dict() for one in found]}))
        return
    if not found:
        result("nothing waits in the queue")
        return
    names = list(dict.fromkeys(name for one in found for name in one.shown))
    rows = [
        [
            one.name,
            one.state,
            str(one.epochs or ""),
            *(f"{one.shown[name]:.4f}" if name in one.shown else "" for name in names),
            one.run,
        ]
        for one in found
    ]
    result(table(["training", "state", "epochs", *names, "run"], rows))
    for one in found:
        if one.state == "failed":
            note(f"{one.name}: {one.reason}")
