"""A pool whose trainings are tasks of a Ray cluster: on whatever machine has room, and on another one where it dies.

This process claims the jobs and alone writes into the queue's SQLite file; a task knows the files of the jobs and the
run folders, in a folder that all machines share. Where this process dies Ray ends its tasks, and what it had claimed
waits again.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.jobs.pool import BEAT, Pool
from kerascnn.jobs.queue import ATTEMPTS, Job, Queue

STOPPED = 75
"""The exit code of a training that is to go on later."""
_GPU = "GPU"

Work = Callable[[str, dict[str, Any], dict[str, str]], tuple[str, int, str]]
"""What a task does with a folder of runs, a job as plain data, and variables of the environment."""


class RayPool(Pool):
    """Does the jobs of a queue, or of one batch of it, as tasks of a Ray cluster, `many` at a time.

    Without `many` it is one for each GPU of the cluster; where it has none, one for each machine. `address` is that of
    the cluster; without it and without RAY_ADDRESS one is started on this machine. `work` is a function that every
    machine can import. Raises UsageError where Ray is not installed, ResourceError where no cluster answers.
    """

    def __init__(
        self,
        queue: Queue,
        work: Work,
        many: int | None = None,
        *,
        address: str | None = None,
        batch: str | None = None,
        attempts: int = ATTEMPTS,
    ):
        super().__init__(queue, many or 1, batch=batch, attempts=attempts)
        self.ray = installed()
        self._fixed = many is not None
        self._tasks: dict[Any, str] = {}
        """The jobs, by what Ray gives for the answer of a task."""
        self._ends = False
        _connect(self.ray, address)
        self._places()
        gpus = 1 if self.ray.cluster_resources().get(_GPU) else 0
        # A process of its own for each: what a training does to its process ends with it.
        self._task = self.ray.remote(
            num_cpus=1, num_gpus=gpus, max_calls=1, max_retries=attempts - 1, scheduling_strategy="SPREAD"
        )(work)

    def run(self, told: Callable[[list[Job]], None], stop: Callable[[], int | None]) -> int | None:
        """Work as a pool does, and leave the cluster at the end."""
        try:
            with redirect_stdout(_OfThisThread(sys.stdout)):
                return super().run(told, stop)
        finally:
            self.ray.shutdown()

    def end(self, job: Job) -> None:
        """Let the task of a job end in order."""
        self.queue.ask_to_stop(job.id, STOPPED)

    def _works(self) -> bool:
        return bool(self._tasks)

    def _places(self) -> None:
        """Take as many at a time as there is room for; machines may join a cluster."""
        if not self._fixed:
            gpus = int(self.ray.cluster_resources().get(_GPU, 0))
            rooms = [node["Resources"].get("CPU") for node in self.ray.nodes() if node["Alive"]]
            self.many = gpus or max(1, sum(bool(room) for room in rooms))

    def _fill(self, waiting: int) -> None:
        """Claim jobs for as many tasks as there is room for."""
        self._places()
        around = {name: os.environ[name] for name in ("KERAS_BACKEND",) if name in os.environ}
        while waiting > 0 and len(self._tasks) < self.many:
            job = self.queue.claim(self.batch)
            if job is None:
                return
            waiting -= 1
            self.queue.forget(job.id)
            self._tasks[self._task.remote(str(self.queue.runs), job.as_dict(), around)] = job.id

    def _gather(self) -> None:
        """Write down which runs were begun, and how tasks ended."""
        if not self._tasks:
            return
        jobs = {job.id: job for job in self.queue.jobs(self.batch)}
        for name in self._tasks.values():
            job, run = jobs.get(name), _text(self.queue.run_of(name))
            if run and (job is None or job.run != run):
                self.queue.began(name, Path(run))
            if job is not None and job.state == "cancelled" and self.queue.asked_to_stop(name) is None:
                self.queue.ask_to_stop(name, STOPPED)
        done, _ = self.ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
        for task in done:
            name = self._tasks.pop(task)
            self.queue.end(name, *self._answer(task, name))
            self.queue.forget(name)

    def _answer(self, task: Any, name: str) -> tuple[str, int, str]:
        """Return state, exit code and reason of a task that ended."""
        errors = self.ray.exceptions
        try:
            state, code, reason = self.ray.get(task)
        except errors.TaskCancelledError:
            return "waiting", STOPPED, "stopped on request"
        except errors.RayError as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            died = f"its process died {self.attempts} times; Ray says: {said}"
            return "failed", 1, f"{died}; what it said itself is in {self.queue.log_of(name)}"
        return state, code, reason

    def _end(self, told: Callable[[list[Job]], None]) -> None:
        """Let all tasks end in order, and wait for them; asked once more, leave them to Ray, which ends them."""
        if self._ends or not self._tasks:
            return
        self._ends = True
        for task, name in self._tasks.items():
            self.queue.ask_to_stop(name, STOPPED)
            if not self.queue.run_of(name).is_file():
                self.ray.cancel(task)  # it may wait for room that never comes
        while self._tasks:
            self._gather()
            time.sleep(BEAT)
        told(self.queue.jobs(self.batch))


class _OfThisThread:
    """The output of the thread that made it; what others print, as Ray's does where a machine dies, goes to stderr."""

    def __init__(self, output: Any):
        self._output, self._thread = output, threading.get_ident()

    def write(self, text: str) -> int:
        """Write where it belongs."""
        belongs = self._output if threading.get_ident() == self._thread else sys.stderr
        return int(belongs.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._output, name)


def installed() -> Any:
    """Return Ray. Raises UsageError where it is not installed."""
    try:
        # By name: whether types of it are there depends on the machine.
        return import_module("ray")
    except ImportError as error:
        text = "--engine ray needs Ray: pip install 'kerascnn[ray]', on every machine of the cluster"
        raise UsageError(text) from error


def _connect(ray: Any, address: str | None) -> None:
    """Join the cluster, or start one. Raises ResourceError."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # What a training without GPUs sees of them is its own affair; Ray warns where this is left open.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if ray.is_initialized():
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", configure_logging=False)
    except (ConnectionError, OSError, ValueError, RuntimeError) as error:
        where = address or os.environ.get("RAY_ADDRESS") or "this machine"
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ResourceError(
            f"no Ray cluster answers at {where}: {said}; `ray status --address ADDRESS` says more of it"
        ) from error


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError:
        return ""
