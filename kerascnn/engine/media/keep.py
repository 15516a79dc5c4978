"""Where pictures are kept between epochs: in memory, or in a file that later trainings on the same data use again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from kerascnn.engine.pictures import Form
from kerascnn.errors import ResourceError
from kerascnn.places import cache_folder
from kerascnn.spec import Spec

_FORMAT = 2
_DISK_SHARE = 0.5


class Keeper(ABC):
    """Takes pictures as they are decoded, and gives them back in any order."""

    where: str

    def __init__(self) -> None:
        self.pixels: np.ndarray | None = None

    def add(self, i: int, count: int, pixels: np.ndarray) -> bool:
        """Keep picture i of `count`; return whether there is room for them all."""
        kept = self.pixels
        if kept is None or kept.shape[-1] < pixels.shape[-1]:
            # The first picture, or the first one in colour after grey ones, which then become RGB.
            shape = (count, *pixels.shape)
            if not self._has_room(shape):
                self.pixels = None
                return False
            self.pixels = self._make(shape)
            if kept is not None and kept.shape[1:3] == pixels.shape[:2]:
                for start in range(0, i, 256):
                    self.pixels[start : min(i, start + 256)] = kept[start : min(i, start + 256)]
            kept = self.pixels
        if pixels.shape[:2] == kept.shape[1:3]:  # another size is an error of its own, said when all are known
            kept[i] = pixels
        return True

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels of a picture."""
        assert self.pixels is not None
        return self.pixels.shape[1:]

    def take(self, indices: np.ndarray) -> np.ndarray:
        """Return uint8 `(n, height, width, channels)`."""
        assert self.pixels is not None
        return self.pixels[indices]

    @abstractmethod
    def finish(self, facts: list[dict[str, Any]]) -> None:
        """Settle after the last picture; `facts` say of each what is known."""

    @abstractmethod
    def _has_room(self, shape: tuple[int, ...]) -> bool: ...

    @abstractmethod
    def _make(self, shape: tuple[int, ...]) -> np.ndarray: ...


class InMemory(Keeper):
    """Pictures in memory: height x width x channels bytes each."""

    where = "held in memory"

    def __init__(self, budget: int, *, asked: bool):
        super().__init__()
        self.budget, self.asked = budget, asked

    def finish(self, facts: list[dict[str, Any]]) -> None:
        """Do nothing more."""

    def _has_room(self, shape: tuple[int, ...]) -> bool:
        size = int(np.prod(shape, dtype=object))
        if size > self.budget and self.asked:
            raise ResourceError(
                f"data.cache is ram, but the pictures take {size / 2**30:.2f} GiB and may take "
                f"{self.budget / 2**30:.2f}; raise data.cache_limit, lower data.image_size, or set data.cache to auto"
            )
        return size <= self.budget

    def _make(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.empty(shape, "uint8")


class OnDisk(Keeper):
    """Pictures in a file of bytes, named after all their contents and their form."""

    where = "held in a file"

    def __init__(self, folder: Path, key: str, *, asked: bool):
        super().__init__()
        self.folder, self.key, self.asked = folder, key, asked
        self._part = folder / f"{key}.{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
        except OSError as error:
            raise ResourceError(f"cannot make {folder}: {error.strerror or error}") from error

    def known(self) -> list[dict[str, Any]] | None:
        """Return the facts of the pictures that an earlier training left and open its file, None without one."""
        try:
            facts = json.loads((self.folder / f"{self.key}.json").read_text("utf-8"))
            pixels = np.load(self.folder / f"{self.key}.npy", mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or len(pixels) != len(facts):
            return None
        self.pixels = pixels
        os.utime(self.folder / f"{self.key}.npy")
        return list(facts)

    def finish(self, facts: list[dict[str, Any]]) -> None:
        """Give the file its name, so that later trainings find it whole or not at all."""
        assert isinstance(self.pixels, np.memmap)
        self.pixels.flush()
        try:
            part = self.folder / f"{self.key}.{os.getpid()}.json.part"
            part.write_text(json.dumps(facts), "utf-8")
            os.replace(self._part, self.folder / f"{self.key}.npy")
            os.replace(part, self.folder / f"{self.key}.json")
        except OSError as error:
            raise ResourceError(f"cannot write {self.folder}: {error.strerror or error}") from error

    def _has_room(self, shape: tuple[int, ...]) -> bool:
        """Return whether the file fits; what was not used for longest makes room for it."""
        size = int(np.prod(shape, dtype=object))
        old = sorted(self.folder.glob("*.npy"), key=lambda file: file.stat().st_mtime)
        while size > (free := shutil.disk_usage(self.folder).free * _DISK_SHARE) and old:
            file = old.pop(0)
            file.with_suffix(".json").unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        if size > free and self.asked:
            raise ResourceError(
                f"data.cache is disk, but the pictures take {size / 2**30:.2f} GiB and {self.folder} has room for "
                f"{free / 2**30:.2f}; free some, name another folder with KERASCNN_CACHE, or set data.cache to none"
            )
        return size <= free

    def _make(self, shape: tuple[int, ...]) -> np.ndarray:
        try:
            # Grey pictures that become coloured are read from the file that stood here: a name less, not its bytes.
            self._part.unlink(missing_ok=True)
            made = np.lib.format.open_memmap(self._part, mode="w+", dtype="uint8", shape=shape)
            # Blocks are taken now: a disk that is full later would kill the process where it writes to memory.
            if hasattr(os, "posix_fallocate"):
                with self._part.open("r+b") as file:
                    os.posix_fallocate(file.fileno(), 0, self._part.stat().st_size)
        except OSError as error:
            self._part.unlink(missing_ok=True)
            raise ResourceError(f"cannot write {self._part}: {error.strerror or error}") from error
        return made

    def _sweep(self) -> None:
        """Remove what processes left that are gone."""
        for part in self.folder.glob("*.part"):
            number = part.name.split(".")[1]
            if number.isdecimal() and int(number) != os.getpid() and not psutil.pid_exists(int(number)):
                part.unlink(missing_ok=True)


def choose_keeper(spec: Spec, payloads: Sequence[Any], form: Form) -> Keeper | None:
    """Return where the spec wants its pictures kept, None for nowhere."""
    how = spec.data.cache
    limit = spec.data.cache_limit
    budget = int(limit * 2**30) if limit is not None else psutil.virtual_memory().available // 3
    if how == "auto":
        how = "ram" if _size(payloads, form) <= budget else "disk"
        if how == "disk" and _size(payloads, form) > shutil.disk_usage(_existing(cache_folder())).free * _DISK_SHARE:
            return None
    if how == "none":
        return None
    if how == "ram":
        return InMemory(budget, asked=spec.data.cache == "ram")
    return OnDisk(cache_folder() / "pictures", content_key(payloads, form), asked=spec.data.cache == "disk")


def _size(payloads: Sequence[Any], form: Form) -> int:
    """Return how many bytes the pictures will take at the most, as far as that is known before they are read."""
    if form.size is None:
        return 0
    return len(payloads) * form.size[0] * form.size[1] * (form.channels or 3)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def content_key(payloads: Sequence[Any], form: Form) -> str:
    """Return a name for these contents in this order and form. Files that cannot be read count as such."""

    whole = hashlib.sha256(json.dumps([_FORMAT, asdict(form)]).encode())
    for digest, payload in zip(digests_of(payloads), payloads, strict=True):
        whole.update(f"{digest}{ending_of(payload)}\n".encode("utf-8", "replace"))
    return whole.hexdigest()


def digests_of(payloads: Sequence[Any]) -> list[str]:
    """Return the SHA-256 of each file's bytes, or of an array's; an empty text where a file cannot be read."""

    def digest(payload: Any) -> str:
        if isinstance(payload, np.ndarray):
            return hashlib.sha256(np.ascontiguousarray(payload).data).hexdigest()
        try:
            if not Path(payload).is_file():  # a pipe would never end
                return ""
            with Path(payload).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError):
            return ""

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(digest, payloads))


def ending_of(payload: Any) -> str:
    """Return what tells two payloads of equal bytes apart: a file's ending, or an array's shape."""
    return str(payload.shape) if isinstance(payload, np.ndarray) else Path(payload).suffix
