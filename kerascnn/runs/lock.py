"""One process at a time in a run folder. The lock goes with its process, however that ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Self

from kerascnn.errors import ResourceError, RunInUseError


class RunLock:
    """Holds `run.lock` of a run folder while it is entered. Raises RunInUseError where another process holds it."""

    def __init__(self, folder: Path):
        self.path = folder / "run.lock"
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self.path.open("ab+")
        except OSError as error:
            raise ResourceError(f"cannot write {self.path}: {error.strerror}") from error
        try:
            _lock(self._file)
        except OSError:
            self._file.seek(0)
            holder = self._file.read(32).decode("ascii", "replace").strip() or "unknown"
            self._file.close()
            raise RunInUseError(f"process {holder} works on {self.path.parent}; wait for it, or stop it") from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


if os.name == "posix":
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

else:
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(64)  # beyond the pid, which others read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
