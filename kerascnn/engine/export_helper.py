"""The side of `export_process` that asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any, Self

import numpy as np

from kerascnn.errors import ExportError
from kerascnn.spec import Exporter

MODULE = "kerascnn.engine.export_process"
MANY = 32
"""Elements that are answered at once."""


class Helper:
    """A process that writes or runs an exported model, on the processor alone; gone at the end of the `with`."""

    def __init__(self, exporter: Exporter, folder: Path, *, backend: str, threads: int | None = None):
        self.exporter, self.folder, self.threads = exporter, folder, threads
        around = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        around |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
        if threads is not None:
            names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
            around |= dict.fromkeys(names, str(threads))
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE],  # -P: no file of the current folder stands for a library
            env=around,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            encoding="utf-8",
        )
        self.numbers = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def write(self, run: Path, card: Path, samples: np.ndarray, path: Path) -> None:
        """Write the run's model to `path`. Raises ExportError."""
        about = {"run": str(run), "card": str(card), "samples": str(self._file(samples)), "path": str(path)}
        self._ask("write", exporter=self.exporter.spell(), **about)

    def open(self, path: Path) -> None:
        """Open what was written. Raises ExportError."""
        self._ask("open", exporter=self.exporter.spell(), path=str(path), threads=self.threads)

    def answers(self, elements: np.ndarray) -> np.ndarray:
        """Return the answers for raw elements. Raises ExportError."""
        given, answers = self._file(elements), self.folder / "answers.npy"
        self._ask("answers", elements=str(given), answers=str(answers), many=MANY)
        given.unlink()
        return np.asarray(np.load(answers, allow_pickle=False))

    def times(self, elements: np.ndarray) -> dict[str, Any]:
        """Return the seconds that each answer for one element took, and the memory. Raises ExportError."""
        return self._ask("times", elements=str(self._file(elements)))

    def _file(self, elements: np.ndarray) -> Path:
        self.numbers += 1
        file = self.folder / f"elements{self.numbers}.npy"
        np.save(file, elements, allow_pickle=False)
        return file

    def _ask(self, do: str, **about: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **about}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ExportError(f"{self.exporter.type_name}: the process that was to {do} it ended, {self._end()}")
        found: dict[str, Any] = json.loads(line)
        if "error" in found:
            raise ExportError(f"{self.exporter.type_name}: {found['error']}")
        return found

    def _end(self) -> str:
        """Return how the process ended, with the last line that it said."""
        code = self.process.wait()
        self.log.seek(0)
        lines = self.log.read().decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        return f"exit code {code}: {lines[-1][:300]}"
