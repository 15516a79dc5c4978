"""Several processes that train together, on one machine or on several. This module touches JAX.

The user starts the same command for each, with Keras's own variables in the environment. From `join` to `leave` all
processes do the same work in the same order: what one of them decides by its clock, or by a signal, is agreed on.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine.devices import backend
from kerascnn.engine.stream import Stream
from kerascnn.errors import BuildError, DataError, ResourceError, UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec

ADDRESSES, NUMBER, INDEX = (f"KERAS_DISTRIBUTION_{name}" for name in ("JOB_ADDRESSES", "NUM_PROCESSES", "PROCESS_ID"))
_EVERY = 10
"""Steps after which the processes ask each other for a stop: to ask takes milliseconds."""
_SILENCE, _PARTING = 30, 20
"""Seconds after which a process that says nothing counts as dead, and those that one waits for the others to end."""
_left: int | None = None
"""The number that this process had, where it has trained together with others before."""


def join() -> None:
    """Join the other processes, where the environment says that there are some; nothing may be computed before.

    Raises UsageError where they cannot train together, ResourceError where they cannot reach each other.
    """
    if backend() == "tensorflow" and _workers() > 1:
        raise UsageError(
            f"TF_CONFIG names {_workers()} workers, and Keras cannot train on several machines with TensorFlow; set "
            f"KERAS_BACKEND=jax with {NUMBER}, {INDEX} and {ADDRESSES} instead"
        )
    number = _whole(NUMBER, 1, 1)
    if number == 1:
        return
    if backend() != "jax":
        raise UsageError(f"{NUMBER} is {number}, and {backend()} trains in one process; set KERAS_BACKEND=jax")
    index = _whole(INDEX, None, 0)
    if index >= number:
        raise UsageError(f"{INDEX} is {index}; with {number} processes it is a number from 0 to {number - 1}")
    address = os.environ.get(ADDRESSES, "").split(",")[0]
    if not address:
        raise UsageError(f"{NUMBER} is {number}, and {ADDRESSES} is not set; set it to HOST:PORT of process 0")
    if _left is not None:
        raise UsageError("these processes have trained together already; start them anew for each training")
    _connect(address, number, index)


def _connect(address: str, number: int, index: int) -> None:
    import jax

    if jax.distributed.is_initialized():
        return
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # It would take SIGTERM for itself.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            address,
            number,
            index,
            heartbeat_timeout_seconds=_SILENCE,
            shutdown_timeout_seconds=_PARTING,
        )
    except RuntimeError as error:
        if "before" in str(error):
            raise UsageError("JAX has computed before the training began; begin it first") from error
        said = str(error).strip().splitlines()[0][:200]
        raise ResourceError(f"process {index} of {number} cannot reach process 0 at {address}: {said}") from error


def leave() -> None:
    """Part from the other processes in order; from here on each goes its own way."""
    global _left
    if count() > 1:
        import jax

        number = index()
        jax.distributed.shutdown()
        _left = number


def was_other() -> bool:
    """Return whether this process has trained with others and is not the first, which alone says how it ended."""
    return bool(_left)


def refuse_several(what: str) -> None:
    """Raise UsageError where the environment says that several processes are to train together."""
    if _whole(NUMBER, 1, 1) > 1:
        raise UsageError(f"{what} goes in one process; {NUMBER} says {os.environ[NUMBER]}: train each run by itself")


def count() -> int:
    """Return the number of processes that train together, 1 where there is only this one."""
    if backend() != "jax":
        return 1
    import jax

    return int(jax.process_count()) if jax.distributed.is_initialized() else 1


def index() -> int:
    """Return the number of this process: 0 writes the run folder."""
    if count() == 1:
        return 0
    import jax

    return int(jax.process_index())


def rows(*numbers: float) -> np.ndarray:
    """Return the numbers of all processes, a row for each; all have to ask at the same point of their work."""
    if count() == 1:
        return np.array([numbers], "float64")
    from jax.experimental import multihost_utils

    # As bytes: JAX would make float32 of them.
    own = np.frombuffer(np.array(numbers, "float64").tobytes(), "uint8")
    found = np.ascontiguousarray(multihost_utils.process_allgather(own))
    return np.frombuffer(found.tobytes(), "float64").reshape(count(), len(numbers))


def agreed(wish: bool) -> bool:
    """Return whether any process wishes it."""
    return wish if count() == 1 else bool(rows(wish).max())


def agreed_stop(stop: Callable[[], int | None]) -> Callable[[], int | None]:
    """Return the question for a stop that all processes answer in the same way, some steps later."""
    if count() == 1:
        return stop
    asked = 0

    def together() -> int | None:
        nonlocal asked
        own = stop()
        asked += 1
        if asked % _EVERY:
            return None
        return int(rows(own or 0).max()) or None

    return together


def explained(error: BaseException) -> BaseException:
    """Return the error as one of ours where another process is gone, else as it is."""
    if type(error).__name__ != "JaxRuntimeError" or count() == 1:
        return error
    said = str(error).strip().splitlines()[0][:200]
    return ResourceError(
        f"another process that trains together with this one is gone, or cannot be reached: {said}; its own output "
        "says why. Start all of them again with `kerascnn runs resume`"
    )


def same(*parts: Any) -> None:
    """Raise DataError where the processes do not train the same: spec, data, checkpoint."""
    digests = [hashlib.sha256(json.dumps(part, sort_keys=True).encode()).digest()[:6] for part in parts]
    found = rows(*(int.from_bytes(digest, "big") for digest in digests))
    if (found != found[0]).any():
        raise DataError(
            "the processes that train together differ in their spec, their data, their versions or what they go on "
            "from; give all of them the same command, and each machine the same files"
        )


def scratch() -> Path:
    """Return a folder for what a process other than the first writes; it is gone when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="kerascnn-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def without_callbacks(spec: Spec) -> Spec:
    """Return the spec of a process other than the first, which tells nobody of the training."""
    return spec.model_copy(update={"train": spec.train.model_copy(update={"callbacks": []})})


def copied(run: RunFolder) -> RunFolder:
    """Return a copy of a run for a process other than the first, which reads it and writes elsewhere."""
    folder = scratch() / run.id
    try:
        shutil.copytree(run.path, folder)
    except OSError as error:
        raise ResourceError(
            f"cannot read {run.path}: {error.strerror or error}; to resume on several machines the folder of the run "
            "has to be there on all of them"
        ) from error
    return RunFolder(folder)


class OwnStream(Stream):
    """What this process feeds of each batch of a stream: every process makes the whole batch, and takes its slice."""

    def __init__(self, whole: Stream, processes: int, number: int):
        self.__dict__.update(whole.__dict__)
        self.whole, self.processes, self.number = whole, processes, number

    @property
    def steps_per_epoch(self) -> int:
        """Number of steps in which every sample comes once."""
        return self.whole.steps_per_epoch

    def __copy__(self) -> OwnStream:
        return OwnStream(copy(self.whole), self.processes, self.number)

    def batch(self, step: int) -> tuple[Any, Any]:
        """Return the elements and the targets of this process."""
        part = self.batch_size // self.processes
        mine = slice(self.number * part, (self.number + 1) * part)
        return keras.tree.map_structure(lambda array: array[mine], self.whole.batch(step))


def own(stream: Stream, devices: int) -> Stream:
    """Return what this process feeds of a stream. Raises BuildError where batches cannot be shared evenly."""
    if count() == 1:
        return stream
    if stream.batch_size % (count() * devices):
        raise BuildError(
            f"is {devices} in each of {count()} processes, and a batch of {stream.batch_size} cannot be shared evenly",
            "train.devices",
        )
    return OwnStream(stream, count(), index())


def _whole(name: str, default: int | None, least: int) -> int:
    text = os.environ.get(name, "")
    if not text and default is not None:
        return default
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{name} is '{text}'; it is a whole number from {least} on")
    return int(text)


def _workers() -> int:
    """Return how many workers TF_CONFIG names, 0 where it is not set."""
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        return sum(len(cluster.get(role, ())) for role in ("chief", "master", "worker"))
    except (ValueError, AttributeError, TypeError):
        return 0
