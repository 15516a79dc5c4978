"""One process at a time in a run folder. The lock goes with its process, however that ends."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO, Self

from kerascnn.errors import ResourceError, RunInUseError

_HELD = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
"""What the systems say of a lock that another process holds."""


class RunLock:
    """Holds `run.lock` of a run folder while it is entered. Raises RunInUseError where another process holds it."""

    def __init__(self, folder: Path):
        self.path = folder / "run.lock"
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self.path.open("ab+", buffering=0)
            _lock(self._file)
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())
        except OSError as error:
            holder = self._holder()
            self.__exit__()
            if error.errno in _HELD and holder:
                raise RunInUseError(f"process {holder} works on {self.path.parent}; wait for it, or stop it") from None
            raise ResourceError(f"cannot write {self.path}: {error.strerror or error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _holder(self) -> str:
        """Return the pid that stands in the file, "" where it could not be opened."""
        if self._file is None:
            return ""
        self._file.seek(0)
        return self._file.read(32).decode("ascii", "replace").strip() or "unknown"


if os.name == "posix":
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)

else:
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(64)  # beyond the pid, which others read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
