"""Files on their way in: a folder each, filled piece by piece, and whole once all bytes are there that were announced.

uploads/ID/about.json   whose it is, its name and size    uploads/ID/part        what is there so far
           whole/NAME   the file, once it is whole

The process that serves holds no more than one piece of a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qs

from kerascnn.errors import KerasCnnError, ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn_dashboard.logic.archives import ENDINGS
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import ID
from kerascnn_dashboard.logic.signed import is_signed, sign
from kerascnn_dashboard.logic.sizes import said

LIMIT = 20 << 30
"""Bytes of one file at most, unless settings.json says `upload_limit`."""
STALE = 24 * 3600.0
"""Seconds after which an unfinished upload that nobody goes on with is removed."""
RESERVE = 1 << 30
"""Bytes of the disk that stay free."""
ACCEPTED = (*ENDINGS, ".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".ts", ".npz", ".txt")
"""Endings of the files that are taken, in small letters."""


class WrongPlaceError(KerasCnnError):
    """A piece does not begin where the file ends: it was sent twice, or one before it is lost."""

    def __init__(self, received: int):
        self.received = received
        super().__init__(f"the next piece begins at byte {received}")


class TooLargeError(UsageError):
    """A file is larger than is taken, or more comes than was announced."""


@dataclass(frozen=True)
class Upload:
    """One file on its way in, or whole."""

    id: str
    project: str
    name: str
    size: int
    received: int
    file: Path | None
    """Where it lies once it is whole."""


class Uploads:
    """The uploads of a home."""

    def __init__(self, home: Home):
        self.home = home
        self.folder = home.folder / "uploads"

    @property
    def limit(self) -> int:
        """Bytes of one file at most."""
        try:
            found = json.loads((self.home.folder / "settings.json").read_text("utf-8")).get("upload_limit")
        except (OSError, ValueError, AttributeError):
            return LIMIT
        return found if isinstance(found, int) and found > 0 else LIMIT

    def find(self, id: str) -> Upload | None:
        """Return the upload of this id, None where there is none."""
        if not ID.fullmatch(id):
            return None
        try:
            about = json.loads((self.folder / id / "about.json").read_text("utf-8"))
            whole = self.folder / id / "whole" / str(about["name"])
            part = self.folder / id / "part"
            received = int(about["size"]) if whole.is_file() else part.stat().st_size if part.is_file() else 0
            return Upload(
                id,
                str(about["project"]),
                str(about["name"]),
                int(about["size"]),
                received,
                whole if whole.is_file() else None,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def of(self, project: str) -> list[Upload]:
        """Return the uploads of a project, the last one first."""
        try:
            names = sorted((item.name for item in self.folder.iterdir()), reverse=True)
        except OSError:
            return []
        found = [upload for name in names if (upload := self.find(name))]
        return [upload for upload in found if upload.project == project]

    def begin(self, project: str, id: str, name: str, size: int) -> Upload:
        """Return the upload of this id, a new one where there is none. Raises UsageError for what is not taken."""
        self.remove_stale()
        name = safe_name(name)
        found = self.find(id)
        if found is not None:
            if (found.project, found.name, found.size) != (project, name, size):
                raise UsageError(f"this upload is that of {found.name}; choose that file, or begin anew")
            return found
        if not ID.fullmatch(id):
            raise UsageError("this is no name of an upload")
        if size <= 0:
            raise UsageError(f"{name} is empty")
        if size > self.limit:
            raise TooLargeError(
                f"{name} is {said(size)}; the limit is {said(self.limit)}. Give the folder on this computer instead"
            )
        folder = self.folder / id
        try:
            folder.mkdir(parents=True, exist_ok=True)
            room = shutil.disk_usage(folder).free - RESERVE
            if size > room:
                shutil.rmtree(folder, ignore_errors=True)
                raise ResourceError(f"{name} is {said(size)}; the disk has room for {said(max(0, room))}")
            write_json(folder / "about.json", {"project": project, "name": name, "size": size, "begun": time.time()})
        except OSError as error:
            raise ResourceError(f"cannot write {folder}: {error.strerror or error}") from error
        return Upload(id, project, name, size, 0, None)

    @contextmanager
    def piece(self, upload: Upload, offset: int, checksum: str = "") -> Iterator[Piece]:
        """Take in one piece that begins at this byte; where it fails, nothing of it is kept.

        Raises WrongPlaceError where the file does not end there, and UsageError where the piece was damaged on its way.
        """
        folder = self.folder / upload.id
        try:
            with (folder / "part").open("ab") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise UsageError("another tab sends the same file; wait for it, or close it") from None
                there = file.seek(0, os.SEEK_END)
                if there != offset or upload.file is not None:
                    raise WrongPlaceError(upload.size if upload.file is not None else there)
                taken = Piece(file, upload.size - offset)
                try:
                    yield taken
                    if checksum and taken.digest.hexdigest() != checksum.lower():
                        raise UsageError("a piece was damaged on its way; it is sent again")
                except BaseException:
                    file.truncate(offset)
                    raise
                file.flush()
                if offset + taken.size == upload.size:
                    os.fsync(file.fileno())
                    (folder / "whole").mkdir(exist_ok=True)
                    (folder / "part").rename(folder / "whole" / upload.name)
        except OSError as error:
            raise ResourceError(f"cannot write {folder}: {error.strerror or error}") from error

    def remove(self, id: str) -> None:
        """Remove an upload, whole or not."""
        if ID.fullmatch(id):
            shutil.rmtree(self.folder / id, ignore_errors=True)

    def remove_stale(self) -> None:
        """Remove the uploads that nobody went on with for a day."""
        try:
            folders = list(self.folder.iterdir())
        except OSError:
            return
        for folder in folders:
            try:
                last = max(item.stat().st_mtime for item in (folder, *folder.iterdir()))
            except OSError:
                continue  # it has just been removed
            if time.time() - last > STALE:
                shutil.rmtree(folder, ignore_errors=True)


class Piece:
    """A piece of a file that is being written."""

    def __init__(self, file: IO[bytes], most: int):
        self.file = file
        self.most = most
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Write what has come. Raises TooLargeError where more comes than was announced."""
        self.size += len(data)
        if self.size > self.most:
            raise TooLargeError("more bytes come than were announced; choose the file again")
        self.digest.update(data)
        self.file.write(data)


def safe_name(name: str) -> str:
    """Return the last step of a name, as a file's name on every system. Raises UsageError for what is not taken.

    >>> safe_name("../../etc/pictures.ZIP")
    'pictures.ZIP'
    """
    name = unicodedata.normalize("NFC", Path(name.replace("\\", "/")).name)
    name = "".join("_" if char in '<>:"|?*' or not char.isprintable() else char for char in name).strip(" .")
    stem, suffix = name[: -len(Path(name).suffix) or None], Path(name).suffix
    while len(f"{stem}{suffix}".encode()) > 200:
        stem = stem[:-1]
    name = f"{stem}{suffix}"
    if not name.lower().endswith(ACCEPTED) or name.startswith("."):
        raise UsageError(f"'{name[:80]}' is not taken; files end in {', '.join(ACCEPTED)}")
    return name


def token(project: str, id: str) -> str:
    """Return what lets a page send this upload, and no other."""
    return sign("upload", f"{project}/{id}")


def is_allowed(project: str, id: str, signed: str) -> bool:
    """Return whether the server gave this token out for this very upload."""
    try:
        fields: dict[str, Any] = {key: values[0] for key, values in parse_qs(signed, strict_parsing=True).items()}
        value, until, signature = fields["value"], fields["until"], fields["signature"]
    except (ValueError, KeyError):
        return False
    return value == f"{project}/{id}" and is_signed("upload", value, until, signature)
