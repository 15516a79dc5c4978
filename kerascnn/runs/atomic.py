"""Files that are there whole or not at all, whatever happens while they are written.

The order is that of crash-safe programs: write a temporary file beside the target, flush it to the disk, rename it over
the target, flush the folder.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from kerascnn.errors import ResourceError, UsageError


def write_with(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file of the same ending and put it in the place of `path`.

    Raises ResourceError where the disk is full or cannot be written; what was at `path` is kept then.
    """
    write_together({path: write})


def write_together(files: Mapping[Path, Callable[[Path], None]]) -> None:
    """Let each file be filled under another name, and put all in their places when all are on the disk, in this order.

    They are of one folder. Raises ResourceError where one cannot be written; what was there is kept then.
    """
    parts = {path: path.with_name(f".{path.stem}.{secrets.token_hex(4)}.tmp{path.suffix}") for path in files}
    path = next(iter(files))
    try:
        for path, write in files.items():
            write(parts[path])
            with parts[path].open("rb+") as file:
                flush_file(file)
        for path, part in parts.items():
            os.replace(part, path)
        flush_folder(path.parent)
    except OSError as error:
        raise ResourceError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Put these bytes at `path`. Raises ResourceError."""
    write_with(path, lambda part: _write(part, data))


def write_text(path: Path, text: str) -> None:
    """Put this text at `path` as UTF-8. Raises ResourceError."""
    write_bytes(path, _encode(text))


def write_json(path: Path, value: Any) -> None:
    """Put a value at `path` as readable JSON. Raises ResourceError."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_json_lines(path: Path, values: list[dict[str, Any]]) -> None:
    """Put values at `path`, one JSON document a line. Raises ResourceError."""
    write_bytes(path, b"".join(_line(value) for value in values))


def append_json_line(path: Path, value: dict[str, Any]) -> None:
    """Add one JSON document as a line, flushed to the disk, in the place of a torn last one. Raises ResourceError."""
    line = _line(value)
    try:
        with path.open("ab+") as file:
            file.truncate(_whole_lines(file))
            file.write(line)
            flush_file(file)
    except OSError as error:
        raise ResourceError(f"cannot write {path}: {error.strerror or error}") from error


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a file of JSON lines; a torn last line, as a killed process leaves it, is passed over.

    Raises UsageError where a line before it is damaged.
    """
    if not path.is_file():
        return []
    documents = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            documents.append(json.loads(line))
        except ValueError as error:
            raise UsageError(f"{path}:{number}: cannot be read: {error}") from None
    return documents


def _line(value: dict[str, Any]) -> bytes:
    return _encode(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


def _encode(text: str) -> bytes:
    # UTF-8 lacks what stands for the odd bytes of a file name; `\udcff` is how JSON spells it, too.
    return text.encode("utf-8", "backslashreplace")


def _whole_lines(file: IO[bytes]) -> int:
    """Return how many bytes of a file its whole lines are."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 65_536)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        flush_file(file)


def flush_file(file: IO[bytes]) -> None:
    """Let what was written to a file reach the disk."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk."""
    if os.name != "posix":
        return  # Windows flushes the entry with the file
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
