"""The trace that the backend's own profiler makes of some steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras


class BackendTrace:
    """The profiler of TensorFlow, JAX or PyTorch. Where it fails, the reason is kept, and nothing is raised."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.backend = keras.backend.backend()
        self.failure = ""
        self._running: Any = None

    def start(self) -> None:
        """Begin to trace."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._running = self._start()
        except Exception as error:  # noqa: BLE001 - a profiler may lack its libraries, or run already
            self.failure = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"

    def stop(self) -> None:
        """Write what was traced; nothing where nothing was begun."""
        running, self._running = self._running, None
        if running is None:
            return
        try:
            self._stop(running)
        except Exception as error:  # noqa: BLE001 - as above
            self.failure = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"

    def as_dict(self, root: Path) -> dict[str, Any]:
        """Return which files there are, as paths below a folder."""
        files = sorted(path.relative_to(root).as_posix() for path in self.folder.rglob("*") if path.is_file())
        return {"name": self.backend, "files": files, "failure": self.failure or None}

    def _start(self) -> Any:
        if self.backend == "tensorflow":
            import tensorflow as tf

            tf.profiler.experimental.start(str(self.folder))
            return tf.profiler.experimental
        if self.backend == "jax":
            import jax

            jax.profiler.start_trace(str(self.folder))
            return jax.profiler
        if self.backend == "torch":
            import torch

            profiler = torch.profiler.profile()
            profiler.start()
            return profiler
        raise NotImplementedError(f"the backend {self.backend} has no profiler that is known here")

    def _stop(self, running: Any) -> None:
        if self.backend == "jax":
            running.stop_trace()
            return
        running.stop()
        if self.backend == "torch":
            running.export_chrome_trace(str(self.folder / "trace.json"))
