"""Files that are read as a whole before a decoder meets them."""

from __future__ import annotations

import stat
from pathlib import Path


class FileError(Exception):
    """A file cannot be read; the text is the reason, without the file's name."""


def read_whole(path: Path, most: int) -> bytes:
    """Return the bytes of a file. Raises FileError where it is no regular file, empty, or larger than `most` bytes."""
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise FileError("is not a regular file")
        if info.st_size == 0:
            raise FileError("is empty (0 bytes)")
        if info.st_size > most:
            raise FileError(f"is larger than {most} bytes")
        return path.read_bytes()
    except FileNotFoundError:
        raise FileError("is not there") from None
    except MemoryError:
        raise FileError("takes more memory than there is") from None
    except (OSError, ValueError) as error:
        raise FileError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
