"""Taking turns: work that is done only while a file is held, whatever folder of runs it is for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kerascnn.errors import ResourceError

_BEAT = 0.2
"""Seconds between two tries; a signal ends the wait."""


@contextmanager
def turn(file: Path | None) -> Iterator[None]:
    """Wait until no other process holds the file, and hold it meanwhile; without a file do nothing.

    The system lets go of it where the process dies. Raises ResourceError where the file cannot be opened.
    """
    if file is None:
        yield
        return
    import fcntl

    try:
        opened = file.open("ab")
    except OSError as error:
        raise ResourceError(f"cannot open {file}: {error.strerror or error}") from error
    with opened:
        while True:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(_BEAT)
        yield


def is_held(file: Path) -> bool:
    """Return whether a process holds the file."""
    import fcntl

    try:
        with file.open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
