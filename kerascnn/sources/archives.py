"""Archives of pictures: unpacked once into the cache, and refused whole where an entry is not what it should be."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import stat
import struct
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from kerascnn.errors import DataError, ResourceError, counted
from kerascnn.places import cache_folder
from kerascnn.sources.files import is_junk

MAX_ENTRIES = 1_000_000
MAX_TOTAL = 64 << 30
"""Bytes of all files of an archive together."""
MAX_RATIO = 200
"""How many times as large as the archive its files may be together, where they are larger than FREE."""
FREE = 100 << 20
"""Bytes that an archive may hold whatever its own size is."""
_MAX_DIRECTORY = 256 << 20
_PIECE = 1 << 20
_STALE = 24 * 3600
"""Seconds after which what another process left half unpacked is taken for forgotten."""
_DRIVE = re.compile("[A-Za-z]:")
_BROKEN = (
    OSError, ValueError, EOFError, RuntimeError, NotImplementedError, struct.error, zlib.error, zipfile.BadZipFile,
    zipfile.LargeZipFile,
)  # fmt: skip
"""What Python's reader of archives raises for those that are damaged."""
_Entry = tuple[zipfile.ZipInfo, PurePosixPath]
Spelled = dict[str, tuple[str, bool, object]]
"""Names as some systems would hold them: how each was spelled, whether it is a folder's, and its entry."""


def unpacked(archive: Path, field: str) -> Path:
    """Return the folder with the contents of a .zip file; the single folder at its top where there is one.

    It is unpacked once into `$KERASCNN_CACHE/unpacked` (or `~/.cache/kerascnn/unpacked`), under the hash of its bytes,
    and appears there whole or not at all. Raises DataError with every entry that is at fault, and ResourceError where
    the cache cannot be written.
    """
    try:
        info = archive.stat()
        digest = _sha256(archive, info.st_size, info.st_mtime_ns)
    except OSError as error:
        raise DataError(f"{field}: {archive}: cannot be read: {error.strerror}") from None
    folder = cache_folder() / "unpacked" / digest
    if not folder.is_dir():
        _unpack(archive, folder, field)
    items = [item for item in folder.iterdir() if not is_junk(item)]
    return items[0] if len(items) == 1 and items[0].is_dir() else folder


@lru_cache(maxsize=32)
def _sha256(archive: Path, size: int, changed: int) -> str:
    """Return the hash of a file, read anew where its size or its time has changed."""
    with archive.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _unpack(archive: Path, folder: Path, field: str) -> None:
    """Unpack into a folder beside `folder` and rename that; another process that was faster has done the same."""
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_stale(part.parent)
        part.mkdir(mode=0o700)
        with archive.open("rb") as stream:
            _unpack_entries(stream, part, f"{field}: {archive}")
        if hasattr(os, "sync"):
            os.sync()  # once for all files: a rename may not reach the disk before them
        part.rename(folder)
    except OSError as error:
        if not folder.is_dir():
            raise ResourceError(f"cannot unpack {archive} into {folder.parent}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_stale(parent: Path) -> None:
    """Remove what killed processes left half unpacked."""
    for part in parent.glob(".*.tmp"):
        try:
            old = time.time() - part.stat().st_mtime > _STALE
        except OSError:
            continue  # its process has just ended
        if old:
            shutil.rmtree(part, ignore_errors=True)


def _unpack_entries(stream: IO[bytes], part: Path, name: str) -> None:
    size = stream.seek(0, os.SEEK_END)
    _check_directory(stream, size, name)
    try:
        archive = zipfile.ZipFile(stream)
    except _BROKEN as error:
        raise DataError(f"{name}: cannot be read as a .zip file: {error}") from None
    with archive:
        entries = _checked(archive.infolist(), size, name)
        total = sum(info.file_size for info, _ in entries)
        free = shutil.disk_usage(part).free
        if total > free:
            raise ResourceError(f"{name}: holds {total} bytes; {part.parent} has room for {free}")
        for info, path in entries:
            target = part / path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with target.open("xb") as out:
                for piece in _pieces(archive, info, name):
                    out.write(piece)
    if not entries:
        raise DataError(f"{name}: holds no files")


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Iterator[bytes]:
    """Yield the bytes of an entry, never more than it says that it holds. Raises DataError where it holds others."""
    left = info.file_size
    try:
        with archive.open(info) as packed:
            while piece := packed.read(min(_PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    break
                yield piece
    except _BROKEN as error:
        raise _refusal(name, [(info.filename, f"is damaged: {error or type(error).__name__}")]) from None
    if left:
        said = "holds fewer bytes than it says" if left > 0 else "holds more bytes than it says"
        raise _refusal(name, [(info.filename, said)])


def _checked(infos: list[zipfile.ZipInfo], size: int, name: str) -> list[_Entry]:
    """Return the files to unpack, with their paths. Raises DataError with every entry that is not to be unpacked."""
    wrong = []
    entries = []
    spelled: Spelled = {}
    for info in infos:
        path = PurePosixPath(info.filename)
        reason = _reason(info) or clash(path, info.is_dir(), info, spelled)[0]
        if reason:
            wrong.append((info.orig_filename, reason))
        elif not info.is_dir() and not any(is_junk(Path(part)) for part in path.parts):
            entries.append((info, path))
    if wrong:
        raise _refusal(name, wrong)
    total = sum(info.file_size for info in infos)
    if total > MAX_TOTAL:
        raise DataError(f"{name}: its files hold {total} bytes; the limit is {MAX_TOTAL}")
    if total > max(FREE, MAX_RATIO * size):
        largest = max(infos, key=lambda info: info.file_size)
        raise _refusal(
            f"{name}: its {size} bytes would become {total}; the limit is {MAX_RATIO} times as many",
            [(largest.filename, f"would be {largest.file_size} bytes")],
        )
    return entries


def _reason(info: zipfile.ZipInfo) -> str:
    """Return why an entry is refused on its own, or an empty text."""
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if "\0" in name or "\\" in name:
        return "has a name with a backslash or a NUL in it; pack it anew with / between folders"
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path; it should be relative"
    if ".." in name.split("/"):
        return "has a path that leads out of the archive (..)"
    if not PurePosixPath(name).parts and not name.endswith("/"):
        return "has no name"
    if len(name) > 1000 or any(len(part.encode("utf-8", "replace")) > 255 for part in name.split("/")):
        return "has a name of more than 255 bytes, or a path of more than 1000 characters"
    if kind == stat.S_IFLNK:
        return "is a symbolic link; put the file itself there"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR and not info.is_dir()):
        return "is neither a file nor a folder"
    if info.flag_bits & 0x2041:
        return "is encrypted; pack it anew without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is packed by method {info.compress_type}; stored and deflated entries can be read"
    return ""


def clash(path: PurePosixPath, is_folder: bool, entry: object, spelled: Spelled) -> tuple[str, str]:
    """Return what an entry has in common with one before it, and what to do; two empty texts where there is nothing.

    Names that differ in capitals alone are one file on some systems and two on others. `spelled` is what earlier calls
    have put into it.
    """
    for step in [*reversed(path.parents), path][1:]:
        name, folder = str(step), step != path or is_folder
        other = spelled.setdefault(unicodedata.normalize("NFC", name).casefold(), (name, folder, entry))
        if other[0] != name:
            return f"differs from {other[0]} in capitals alone", "rename one of them"
        if other[1] != folder:
            return f"makes {name} both a file and a folder", "rename one of them"
        if not folder and other[2] is not entry:
            return "is there twice", "pack it anew"
    return "", ""


def _check_directory(stream: IO[bytes], size: int, name: str) -> None:
    """Raise DataError where the archive lists too many entries: Python's reader takes the whole list at once."""
    start, length = _directory(stream, size)
    if length > _MAX_DIRECTORY:
        raise DataError(f"{name}: its list of entries has {length} bytes; the limit is {_MAX_DIRECTORY}")
    stream.seek(start)
    listing = stream.read(length)
    at = count = 0
    while listing[at : at + 4] == b"PK\1\2" and at + 46 <= len(listing):
        at += 46 + sum(struct.unpack_from("<3H", listing, at + 28))
        count += 1
        if count > MAX_ENTRIES:
            raise DataError(f"{name}: holds more than {MAX_ENTRIES} entries, which is the limit")


def _directory(stream: IO[bytes], size: int) -> tuple[int, int]:
    """Return where the list of entries starts and its length, in bytes, as Python's reader will look for it."""
    base = max(0, size - (1 << 16) - 22)
    stream.seek(max(0, base - 76))
    tail = stream.read()
    base = size - len(tail)
    end = len(tail) - 22
    if end < 0 or not (tail[end:].startswith(b"PK\5\6") and tail.endswith(b"\0\0")):
        end = tail.rfind(b"PK\5\6", 0, len(tail) - 18)
    if end < 0:
        return 0, 0
    (length,) = struct.unpack_from("<L", tail, end + 12)
    large = end - 76  # the record of archives beyond 4 GiB, and what points to it
    if large >= 0 and tail[end - 20 :].startswith(b"PK\6\7") and tail[large:].startswith(b"PK\6\6"):
        (length,) = struct.unpack_from("<Q", tail, large + 40)
        end = large
    return max(0, base + end - length), length


def _refusal(name: str, wrong: list[tuple[str, str]]) -> DataError:
    return DataError(f"{name}: {counted(len(wrong), 'entry', 'entries')} of it cannot be unpacked", wrong)
