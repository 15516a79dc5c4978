"""A process of its own that writes an exported model, or runs it: `python -m kerascnn.engine.export_process`.

It imports neither Keras nor TensorFlow where the format needs none, so what it measures is what a user of the format
gets. It reads questions from its input, one JSON document a line, and answers each with one on its output.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.errors import KerasCnnError

WARM, LEAST, MOST, SECONDS = 3, 20, 200, 2.0
"""Answers before those that are timed, and how many of these: for 2 seconds, at least 20 and at most 200."""


def write(asked: dict[str, Any]) -> dict[str, Any]:
    """Let the exporter write a run's model."""
    from kerascnn.engine.export_model import as_float32
    from kerascnn.engine.predict import Predictor
    from kerascnn.runs.folder import RunFolder
    from kerascnn.spec import Exporting

    model = as_float32(Predictor(RunFolder(asked["run"])).model)
    card = json.loads(Path(asked["card"]).read_text("utf-8"))
    samples = np.load(asked["samples"], allow_pickle=False)
    _exporter(asked["exporter"]).write(model, Path(asked["path"]), Exporting(card, samples))
    return {"written": asked["path"]}


class Opened:
    """An exported model that was opened."""

    def __init__(self, asked: dict[str, Any]):
        threads = int(asked["threads"])
        if hasattr(os, "sched_setaffinity"):  # for what asks for no number of threads, such as JAX
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        opened = _exporter(asked["exporter"]).open(Path(asked["path"]), threads)
        self.answer: Callable[[np.ndarray], np.ndarray] = opened

    def answers(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Write the answers for a file of elements into another."""
        elements = np.load(asked["elements"], allow_pickle=False)
        many = int(asked["many"])
        parts = [self.answer(elements[start : start + many]) for start in range(0, len(elements), many)]
        found = np.concatenate([np.asarray(part, "float32") for part in parts])
        np.save(asked["answers"], found, allow_pickle=False)
        return {"samples": len(found)}

    def times(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return how many seconds each answer for one element took, and the bytes of memory at the most so far."""
        elements = np.load(asked["elements"], allow_pickle=False)
        for i in range(WARM):
            self.answer(elements[i % len(elements)][None])
        found: list[float] = []
        until = time.perf_counter() + SECONDS
        while len(found) < LEAST or (len(found) < MOST and time.perf_counter() < until):
            one = elements[len(found) % len(elements)][None]
            before = time.perf_counter()
            self.answer(one)
            found.append(time.perf_counter() - before)
        return {"seconds": found, "memory": _memory()}


def _memory() -> int | None:
    """Return the bytes of memory that this process had at the most, None where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():  # ru_maxrss is wrong on Linux: it begins with what the process that started this one had
        lines = [line.split() for line in status.read_text("ascii", "replace").splitlines()]
        return next((int(line[1]) * 1024 for line in lines if line and line[0] == "VmHWM:"), None)
    if platform.system() != "Darwin":
        return None
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _exporter(spelled: dict[str, Any]) -> Any:
    from kerascnn.spec import Exporter
    from kerascnn.spec.component import parse_component

    return parse_component(Exporter, spelled)  # type: ignore[type-abstract]


def main() -> None:
    """Answer questions until there are no more; a word of the libraries' own never comes between the answers."""
    warnings.simplefilter("ignore")
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        opened: Opened | None = None
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                match asked.pop("do"):
                    case "write":
                        found = write(asked)
                    case "open":
                        opened, found = Opened(asked), {}
                    case "answers" if opened:
                        found = opened.answers(asked)
                    case "times" if opened:
                        found = opened.times(asked)
                    case other:
                        found = {"error": f"nothing is known of '{other}'", "exit_code": 70}
            except KerasCnnError as error:
                found = {"error": str(error), "exit_code": error.exit_code}
            except Exception as error:  # noqa: BLE001 - what a library or a plugin raises becomes a sentence
                first = (str(error).strip().splitlines() or [""])[0][:300]
                found = {"error": f"{type(error).__name__}: {first}", "exit_code": 1}
            print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()
