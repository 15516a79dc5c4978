"""Models that stay loaded for a while, so that a picture is answered at once: `kerascnn predict RUN --listen`.

They belong to the server, and to all its sessions: at most two are there at a time, and each goes when nobody asked it
for ten minutes. Each is a process that ends where its stdin does, so none outlives the server, however that ends.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from kerascnn.errors import KerasCnnError, ResourceError, UsageError

MOST = 2
IDLE = 600.0
"""Seconds for which a model that nobody asks is kept."""
PATIENCE = 600.0
"""Seconds for an answer; a process that takes longer hangs."""
_TAIL = 4000
_Key = tuple[str, float, float]


def command_of(run: Path) -> list[str]:
    """Return the command whose process holds a run's model."""
    return [sys.executable, "-m", "kerascnn", "predict", str(run), "--listen"]


class EndedError(KerasCnnError):
    """A process ended before it answered."""


class Worker:
    """One process. It is asked by one thread at a time."""

    def __init__(self, key: _Key, command: Sequence[str], log: IO[bytes]):
        self.key = key
        self.busy = True
        self.used = time.monotonic()
        self.facts: dict[str, Any] | None = None
        self._log = log
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        except OSError as error:
            raise ResourceError(f"cannot start a process: {error.strerror or error}") from error

    @property
    def alive(self) -> bool:
        """Whether its process is there."""
        return self.process.poll() is None

    def wake(self, patience: float) -> dict[str, Any]:
        """Return what it says when the model is loaded. Raises EndedError, with the reason in its own words."""
        if self.facts is None:
            said = self._read(patience)
            if said.get("ready") is not True:
                self.end()
                raise EndedError(f"the model's process said something else than that it is ready: {str(said)[:200]}")
            self.facts = said
        return self.facts

    def ask(self, question: Mapping[str, Any], patience: float) -> dict[str, Any]:
        """Return its answer. Raises EndedError."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise EndedError(self._last_words()) from None
        return self._read(patience)

    def end(self) -> None:
        """Let it go: it is idle, or it hangs."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.alive:
                os.killpg(self.process.pid, signal.SIGTERM)
        self._close(self.process.stdin)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self._hang()
            self.process.wait()
        # Only now: a thread that still reads would hold it.
        self._close(self.process.stdout)
        self._log.close()

    def _read(self, patience: float) -> dict[str, Any]:
        assert self.process.stdout is not None
        watch = threading.Timer(patience, self._hang)
        watch.daemon = True
        watch.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watch.cancel()
        try:
            said = json.loads(line)
        except ValueError:
            raise EndedError(self._last_words()) from None
        if not isinstance(said, dict):
            raise EndedError(f"the model's process answered {str(said)[:200]}")
        return said

    @staticmethod
    def _close(pipe: IO[bytes] | None) -> None:
        with contextlib.suppress(OSError, ValueError):
            if pipe is not None:
                pipe.close()

    def _hang(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _last_words(self) -> str:
        """Return why it ended, in its own words where it said any."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(2)
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _TAIL))
        lines = [line for line in self._log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        starts = [i for i, line in enumerate(lines) if line.startswith("error:")]
        if starts:
            return "\n".join(lines[starts[-1] :]).removeprefix("error:").strip()
        code = self.process.poll()
        why = "often the computer ran out of memory" if code is not None and code < 0 else f"its exit code is {code}"
        return f"the model's process ended without an answer; {why}"


class Predictors:
    """The models that are loaded."""

    def __init__(
        self,
        command: Callable[[Path], Sequence[str]] = command_of,
        *,
        most: int = MOST,
        idle: float = IDLE,
        patience: float = PATIENCE,
    ):
        self._command, self._most, self._idle, self._patience = command, most, idle, patience
        self._workers: dict[_Key, Worker] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._sweeper: threading.Thread | None = None

    def ask(self, run: Path, paths: Sequence[str], overlays: str = "") -> dict[str, Any]:
        """Return the answer for files or folders: `predictions` and `errors`, as `kerascnn predict --listen` says it.

        It waits until the model is loaded, and for others who ask it. What died meanwhile is started again, once.
        Raises UsageError with the process's own sentence.
        """
        question = {"paths": list(paths), **({"overlays": overlays} if overlays else {})}
        for last in (False, True):
            worker, fresh = self._take(run)
            try:
                worker.wake(self._patience)
                said = worker.ask(question, self._patience)
            except EndedError as error:
                self._drop(worker)
                if fresh or last:
                    raise UsageError(str(error)) from None
                continue
            finally:
                self._release(worker)
            if "error" in said:
                raise UsageError(str(said["error"]))
            return said
        raise AssertionError

    def state(self, run: Path) -> str:
        """Return "ready", "starting", or "" where no process holds the run's model as it is now."""
        with self._changed:
            worker = self._workers.get(_key(run))
            if worker is None or not worker.alive:
                return ""
            return "starting" if worker.facts is None else "ready"

    def end(self) -> None:
        """End all of them."""
        with self._changed:
            self._closed = True
            workers = list(self._workers.values())
            self._workers.clear()
            self._changed.notify_all()
        for worker in workers:
            worker.end()

    def sweep(self) -> None:
        """End those that nobody asked for long."""
        with self._changed:
            old = [one for one in self._workers.values() if not one.busy and time.monotonic() - one.used > self._idle]
            for worker in old:
                self._workers.pop(worker.key, None)
        for worker in old:
            worker.end()

    def _take(self, run: Path) -> tuple[Worker, bool]:
        """Return the process of a run, which nobody else asks now, and whether it was started for this."""
        key = _key(run)
        while True:
            gone: list[Worker] = []
            with self._changed:
                if self._closed:
                    raise UsageError("the server is about to end")
                found = self._workers.get(key)
                if found is not None and found.alive:
                    if not found.busy:
                        found.busy = True
                        return found, False
                    self._changed.wait(1.0)
                    continue
                # Those that died, and those of the same run whose model is another one by now, hold nothing of use.
                useless = [
                    one for one in self._workers.values() if not one.busy and (not one.alive or one.key[0] == key[0])
                ]
                gone += [self._workers.pop(one.key) for one in useless]
                if len(self._workers) >= self._most:
                    idle = [one for one in self._workers.values() if not one.busy]
                    if not idle:
                        self._changed.wait(1.0)
                        continue
                    gone.append(self._workers.pop(min(idle, key=lambda one: one.used).key))
                worker = None if gone else self._start(key, run)
            for one in gone:
                one.end()
            if worker is not None:
                return worker, True

    def _start(self, key: _Key, run: Path) -> Worker:
        worker = Worker(key, self._command(run), tempfile.TemporaryFile())  # noqa: SIM115 - it is closed with the worker
        self._workers[key] = worker
        if self._sweeper is None:
            self._sweeper = threading.Thread(target=self._keep_sweeping, name="predictors", daemon=True)
            self._sweeper.start()
        return worker

    def _release(self, worker: Worker) -> None:
        with self._changed:
            worker.busy = False
            worker.used = time.monotonic()
            self._changed.notify_all()

    def _drop(self, worker: Worker) -> None:
        with self._changed:
            if self._workers.get(worker.key) is worker:
                self._workers.pop(worker.key)
        worker.end()

    def _keep_sweeping(self) -> None:
        while not self._closed:
            time.sleep(min(15.0, self._idle))
            self.sweep()


def _key(run: Path) -> _Key:
    """Return a run and the state of its model: one that was calibrated or trained on is another model."""

    def changed(name: str) -> float:
        try:
            return (run / name).stat().st_mtime
        except OSError:
            return 0.0

    return str(run.resolve()), changed("model.keras"), changed("calibration.json")


@cache
def predictors() -> Predictors:
    """Return those of this server."""
    found = Predictors()
    atexit.register(found.end)
    return found
