"""What lies in an archive: the entries of .zip and .tar.gz files, in one form."""

from __future__ import annotations

import gzip
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kerascnn.errors import DataError

_ENTRY = 600
"""Bytes that an entry may take in the list at the end of a .zip file, on average."""
_LONG = 1 << 16
"""Bytes that the name of an entry may take in a .tar.gz file, with what else is said of it."""


@dataclass(frozen=True)
class Entry:
    """One entry of an archive."""

    name: str
    """With / between folders."""
    size: int
    """Bytes, as the archive says."""
    is_folder: bool
    refused: str
    """Why it is not unpacked, for what it is; "" for plain files and folders."""
    open: Callable[[], IO[bytes]]


@contextmanager
def zip_entries(archive: Path, most: int) -> Iterator[Sequence[Entry]]:
    """Give the entries of a .zip file. Raises DataError where there are more than `most` of them."""
    with archive.open("rb") as stream:
        if _listing(stream) > most * _ENTRY:
            raise _too_many(archive, most)
        with zipfile.ZipFile(stream) as opened:
            infos = opened.infolist()
            if len(infos) > most:
                raise _too_many(archive, most)
            yield [_of_zip(opened, info) for info in infos]


def _too_many(archive: Path, most: int) -> DataError:
    return DataError(
        f"{archive.name} holds more than {most} files, which is the limit; give the folder on this computer instead"
    )


def _of_zip(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    refused = ""
    if kind == stat.S_IFLNK:
        refused = "is a symbolic link; put the file itself there"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR and not info.is_dir()):
        refused = "is neither a file nor a folder"
    elif info.flag_bits & 0x2041:
        refused = "is encrypted; pack it anew without a password"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        refused = f"is packed by method {info.compress_type}; pack it anew as a plain .zip"
    return Entry(_name(info), info.file_size, info.is_dir(), refused, lambda: opened.open(info))


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry: UTF-8 where it is, whether the archive says so or not, else code page 437."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _listing(stream: IO[bytes]) -> int:
    """Return the bytes of the list at the end of a .zip file, which Python's reader takes at once; 0 without one."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - (1 << 16) - 22 - 76))
    tail = stream.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or end + 22 > len(tail):
        return 0
    (length,) = struct.unpack_from("<L", tail, end + 12)
    large = end - 76  # the record of archives beyond 4 GiB, and what points to it
    if large >= 0 and tail[end - 20 :].startswith(b"PK\6\7") and tail[large:].startswith(b"PK\6\6"):
        (length,) = struct.unpack_from("<Q", tail, large + 40)
    return int(length)


@contextmanager
def tar_entries(archive: Path, most: int) -> Iterator[Sequence[Entry]]:
    """Give the entries of a .tar.gz file. Raises DataError where there are more than `most` of them."""
    _look_through(archive, most)
    with tarfile.open(archive, "r:gz") as opened:
        yield [_of_tar(opened, info) for info in opened]


def _of_tar(opened: tarfile.TarFile, info: tarfile.TarInfo) -> Entry:
    refused = ""
    if info.issym() or info.islnk():
        refused = "is a link; put the file itself there"
    elif info.issparse() or not (info.isreg() or info.isdir()):
        refused = "is neither a plain file nor a folder"

    def read() -> IO[bytes]:
        found = opened.extractfile(info)
        if found is None:
            raise tarfile.ReadError("it cannot be read")
        return found

    return Entry(info.name, 0 if info.isdir() else info.size, info.isdir(), refused, read)


def _look_through(archive: Path, most: int) -> None:
    """Raise DataError where there are too many entries, or one whose name would fill the memory.

    Python's reader takes names of any length, which a few bytes of an archive can make.
    """
    count = 0
    with gzip.open(archive) as stream:
        while len(head := stream.read(512)) == 512 and head.strip(b"\0"):
            info = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
            size = info.size
            if info.type in (b"x", b"X", b"g", b"L", b"K") and size > _LONG:
                raise DataError(f"{archive.name} has a name of {size} bytes; pack it anew")
            count += info.type not in (b"x", b"X", b"g", b"L", b"K")
            if count > most:
                raise _too_many(archive, most)
            left = -(-size // 512) * 512 if info.type not in (b"1", b"2", b"3", b"4", b"5", b"6") else 0
            while left > 0:
                piece = stream.read(min(left, 1 << 20))
                if not piece:
                    raise EOFError("it ends within a file")
                left -= len(piece)
