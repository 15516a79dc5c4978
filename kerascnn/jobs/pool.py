"""Processes that do the jobs of a queue, some at a time, each in a process of its own.

The pool holds nothing that matters: a child claims its job itself and writes down how it ended, so that a pool that is
killed leaves trainings that end as they should, and another pool goes on with what waits.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError
from kerascnn.jobs.queue import ATTEMPTS, OPEN, Job, Queue
from kerascnn.runs.state import is_elsewhere

BEAT = 0.5
"""Seconds between two looks at the queue."""
_FRUITLESS = 3
"""How many processes in a row may end without having claimed a job that waits."""


class Pool:
    """Does the jobs of a queue, or of one batch of it, `many` at a time.

    Where `gpus` are given each process sees one of them. A job whose process died in `attempts` attempts has failed.
    With a `lock` a process works only while it holds that file (and with several at a time, the file of its place),
    which pools of other folders of runs may name too.
    """

    def __init__(
        self,
        queue: Queue,
        many: int,
        *,
        batch: str | None = None,
        gpus: Sequence[str] = (),
        attempts: int = ATTEMPTS,
        lock: Path | None = None,
    ):
        self.queue, self.many, self.batch, self.gpus = queue, many, batch, list(gpus)
        self.attempts, self.lock = attempts, lock
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        """By the number of their place."""
        self._fruitless = 0

    def run(self, told: Callable[[list[Job]], None], stop: Callable[[], int | None]) -> int | None:
        """Work until no job is left that waits or runs; return the exit code that `stop` gave, None for none.

        `told` gets all jobs about twice a second. Where `stop` gives a number the children end in order, and their
        jobs wait again. Raises ResourceError where no process can be brought to work.
        """
        try:
            while True:
                self.queue.put_back(self.attempts)
                self._gather()
                told(self.queue.jobs(self.batch))
                jobs = self.queue.jobs(self.batch)  # there may be more by now
                code = stop()
                if code is not None:
                    self._end(told)
                    return code
                waiting = sum(job.state == "waiting" for job in jobs)
                if not waiting and not self._works() and not any(job.state in OPEN for job in jobs):
                    return None
                self._fill(waiting)
                time.sleep(BEAT)
        finally:
            self._end(told)

    def end(self, job: Job) -> None:
        """Let the process of a job end in order."""
        terminate(job)

    def _works(self) -> bool:
        """Return whether something of the pool's own still works."""
        return bool(self._children)

    def _fill(self, waiting: int) -> None:
        """Start as many processes as there are free places, and jobs that wait for one."""
        busy = {job.pid for job in self.queue.jobs(self.batch) if job.state == "running"}
        starting = sum(child.pid not in busy for child in self._children.values())
        for place in range(self.many):
            if place not in self._children and waiting > starting:
                self._children[place] = self._start(place)
                starting += 1

    def _start(self, place: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "kerascnn", "worker", "--one", "--runs", str(self.queue.runs)]
        around: dict[str, Any] = dict(os.environ)
        if self.gpus:
            around["CUDA_VISIBLE_DEVICES"] = self.gpus[place % len(self.gpus)]
        batch = ["--batch", self.batch] if self.batch else []
        lock = ["--lock", f"{self.lock}{f'.{place}' if place else ''}"] if self.lock else []
        log = self.queue.folder / f"process-{place}.log"
        # A session of its own: Ctrl-C reaches the pool alone, which ends the others in order.
        with log.open("wb") as file:
            return subprocess.Popen(
                [*command, *batch, *lock],
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
                env=around,
                start_new_session=True,
            )

    def _gather(self) -> None:
        """Forget children that ended. Raises ResourceError where one after another does so without any work."""
        pids = {job.pid for job in self.queue.jobs() if job.pid}
        for place, child in list(self._children.items()):
            if child.pid in pids:
                self._fruitless = 0
            if child.poll() is None:
                continue
            del self._children[place]
            self._fruitless += child.returncode not in (0, 75, 130) and child.pid not in pids
            if self._fruitless >= _FRUITLESS:
                log = self.queue.folder / f"process-{place}.log"
                said = log.read_text("utf-8", "replace").strip().splitlines()[-1:] or ["nothing"]
                raise ResourceError(
                    f"{_FRUITLESS} processes ended without any work, the last with exit code {child.returncode} and "
                    f"the words: {said[0]}"
                )

    def _end(self, told: Callable[[list[Job]], None]) -> None:
        """Let all children end in order, and wait for them."""
        for child in self._children.values():
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self._children.values():
            child.wait()
        if self._children:
            self._children.clear()
            told(self.queue.jobs(self.batch))


def terminate(job: Job) -> None:
    """Let the process that claimed a job end in order, where it is one of this machine."""
    if not is_elsewhere(job.host):
        with suppress(ProcessLookupError):
            os.kill(job.pid, signal.SIGTERM)


def gpus_here() -> list[str]:
    """Return the numbers of this machine's NVIDIA GPUs, or those that CUDA_VISIBLE_DEVICES leaves; [] for none."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [one.strip() for one in chosen.split(",") if one.strip() not in ("", "-1")]
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.split()
