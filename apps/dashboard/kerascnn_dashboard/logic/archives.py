"""Unpacking what users upload: entry by entry at flat memory, whole or not at all, and nothing outside its folder."""

from __future__ import annotations

import re
import secrets
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from kerascnn.errors import DataError, ResourceError, counted
from kerascnn.sources.archives import Spelled, clash
from kerascnn.sources.files import is_junk
from kerascnn_dashboard.logic.archive_entries import Entry, tar_entries, zip_entries
from kerascnn_dashboard.logic.sizes import said

ENDINGS = (".zip", ".tar.gz", ".tgz")
"""Endings of files that are unpacked, in small letters."""
Progress = Callable[[float, str], None]
"""Is told how much is done, from 0 to 1, and what is going on."""
_PIECE = 1 << 20
_DRIVE = re.compile("[A-Za-z]:")
_BROKEN = (
    OSError, ValueError, EOFError, RuntimeError, NotImplementedError, struct.error, zlib.error, zipfile.BadZipFile,
    zipfile.LargeZipFile, tarfile.TarError,
)  # fmt: skip
"""What Python's readers of archives raise for those that are damaged."""


@dataclass(frozen=True)
class Limits:
    """What an archive may hold at most."""

    files: int = 100_000
    total: int = 20 << 30
    """Bytes of all files together."""
    ratio: int = 200
    """How many times as large as the archive its files may be together, where they are larger than `free`."""
    free: int = 100 << 20
    reserve: int = 1 << 30
    """Bytes of the disk that stay free."""
    depth: int = 32
    """Folders inside each other."""
    name: int = 255
    """Bytes of the name of a file or folder."""


@dataclass(frozen=True)
class Unpacked:
    """What an archive held."""

    files: int
    size: int
    """Bytes."""
    junk: int
    """Files that operating systems leave behind, which were left out."""


def is_archive(name: str) -> bool:
    """Return whether a file is unpacked, by its ending."""
    return name.lower().endswith(ENDINGS)


def unpack(archive: Path, target: Path, limits: Limits | None = None, progress: Progress | None = None) -> Unpacked:
    """Unpack an archive (.zip, .tar.gz) into a new folder, which appears whole or not at all.

    Raises DataError with every entry that is at fault and what to do, and ResourceError where the disk has no room.
    """
    limits = limits or Limits()
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with _open(archive, limits) as entries:
            files, junk = _checked(archive, entries, limits)
            total = sum(entry.size for entry, _ in files)
            _check_room(archive, target.parent, total, limits)
            part.mkdir(parents=True)
            done = 0
            for i, (entry, path) in enumerate(files):
                done += _write(archive, entry, part / path)
                if progress:
                    progress(done / max(1, total), f"unpacked {i + 1} of {counted(len(files), 'file', 'files')}")
        part.rename(target)
    except OSError as error:
        raise ResourceError(f"cannot unpack into {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Unpacked(len(files), total, junk)


@contextmanager
def _open(archive: Path, limits: Limits) -> Iterator[Sequence[Entry]]:
    """Give the entries of an archive, which can be read until the end of the block."""
    read: Callable[[Path, int], AbstractContextManager[Sequence[Entry]]]
    read = zip_entries if archive.name.lower().endswith(".zip") else tar_entries
    try:
        opened = read(archive, limits.files)
        entries = opened.__enter__()
    except _BROKEN as error:
        raise DataError(
            f"{archive.name} cannot be read as an archive: {error or type(error).__name__}; it may be cut off: pack it "
            "anew and upload it again"
        ) from None
    try:
        yield entries
    finally:
        opened.__exit__(None, None, None)


def _checked(archive: Path, entries: Sequence[Entry], limits: Limits) -> tuple[list[tuple[Entry, PurePosixPath]], int]:
    """Return the files to unpack with their paths, and how many are junk. Raises DataError with every one at fault."""
    wrong: list[tuple[str, str]] = []
    files: list[tuple[Entry, PurePosixPath]] = []
    spelled: Spelled = {}
    junk = 0
    for entry in entries:
        path = PurePosixPath(entry.name)
        reason = _reason(entry, limits) or "; ".join(filter(None, clash(path, entry.is_folder, entry, spelled)))
        if reason:
            wrong.append((entry.name, reason))
        elif not entry.is_folder and any(is_junk(Path(step)) for step in path.parts):
            junk += 1
        elif not entry.is_folder:
            files.append((entry, path))
    if wrong:
        what = counted(len(wrong), "entry", "entries")
        raise DataError(f"{archive.name}: {what} cannot be unpacked; nothing was taken from it", wrong)
    if not files:
        raise DataError(f"{archive.name} holds no files; pack the folder with the data anew")
    _check_sizes(archive, files, limits)
    return files, junk


def _check_sizes(archive: Path, files: list[tuple[Entry, PurePosixPath]], limits: Limits) -> None:
    total, size = sum(entry.size for entry, _ in files), archive.stat().st_size
    if total > limits.total:
        raise DataError(
            f"{archive.name} would unpack to {said(total)}; the limit is {said(limits.total)}. Give the folder on this "
            "computer instead, or a part of the data"
        )
    if total > max(limits.free, limits.ratio * size):
        largest = max((entry for entry, _ in files), key=lambda entry: entry.size)
        raise DataError(
            f"{archive.name} is {said(size)} and would unpack to {said(total)}, more than {limits.ratio} times as "
            "much, as files do that are made to fill disks; pack it anew, or give the folder on this computer",
            [(largest.name, f"would be {said(largest.size)}")],
        )


def _check_room(archive: Path, folder: Path, total: int, limits: Limits) -> None:
    room = shutil.disk_usage(folder).free - limits.reserve
    if total > room:
        raise ResourceError(
            f"{archive.name} would unpack to {said(total)}; {folder} has room for {said(max(0, room))}: remove "
            "something there first"
        )


def _reason(entry: Entry, limits: Limits) -> str:
    """Return why an entry is refused on its own, or an empty text."""
    name = entry.name
    if "\0" in name or "\\" in name:
        return "has a backslash or a NUL in its name; pack it anew with / between folders"
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path; pack it anew with paths from the folder"
    if ".." in name.split("/"):
        return "leads out of the archive (..); pack it anew"
    if not PurePosixPath(name).parts and not entry.is_folder:
        return "has no name"
    steps = PurePosixPath(name).parts
    if len(steps) > limits.depth:
        return f"lies {len(steps) - 1} folders deep; {limits.depth - 1} are the most"
    if any(len(step.encode("utf-8", "surrogateescape")) > limits.name for step in steps):
        return f"has a name of more than {limits.name} bytes; make it shorter"
    return entry.refused


def _write(archive: Path, entry: Entry, target: Path) -> int:
    """Write one file, never more than the archive says that it holds. Raises DataError where it holds other bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = entry.size
    with target.open("xb") as out:
        for piece in _pieces(archive, entry):
            left -= len(piece)
            if left < 0:
                break
            out.write(piece)
    if left:
        how = "fewer" if left > 0 else "more"
        raise DataError(f"{archive.name}: {entry.name} holds {how} bytes than the archive says; pack it anew")
    return entry.size


def _pieces(archive: Path, entry: Entry) -> Iterator[bytes]:
    packed: IO[bytes]
    try:
        with entry.open() as packed:
            while piece := packed.read(_PIECE):
                yield piece
    except _BROKEN as error:
        raise DataError(
            f"{archive.name}: {entry.name} is damaged: {error or type(error).__name__}; pack it anew and upload it "
            "again"
        ) from None
