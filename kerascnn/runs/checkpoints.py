"""Checkpoints of a run: folders that are there whole or not at all, and are believed only where their hashes agree.

    ckpt/r000012/state.json       where the training stands
                 arrays.npz       weights, moments of the optimizer, random generators, running figures
                 best.keras       the best model so far (a further name of `model.keras`, where the disk has that)
                 best.NAME.keras  what the task keeps with it, as NAME.keras
                 MANIFEST.json    size and SHA-256 of each; written last

A folder is filled under another name, flushed to the disk and renamed. The last two are kept; numbers tell which is
newer, clocks never. There is no pointer to the latest that could be wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import ResourceError
from kerascnn.runs.atomic import flush_file, flush_folder, write_json

if TYPE_CHECKING:
    import numpy as np

FOLDER = "ckpt"
BEST = "best.keras"
_NAME = re.compile(r"r(\d{6,})")
_BESIDE = re.compile(r"best\.(\w+)\.keras")
_MANIFEST, _STATE, _ARRAYS = "MANIFEST.json", "state.json", "arrays.npz"


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint that was read and found whole."""

    path: Path
    state: dict[str, Any]
    arrays: dict[str, np.ndarray]

    @property
    def best(self) -> Path | None:
        """The file of the best model at that time, None where there was none yet."""
        file = self.path / BEST
        return file if file.is_file() else None

    @property
    def beside(self) -> dict[str, Path]:
        """The files of the models that are kept with it, by name."""
        found = ((_BESIDE.fullmatch(file.name), file) for file in sorted(self.path.iterdir()))
        return {match[1]: file for match, file in found if match}


class Checkpoints:
    """The checkpoints of one run."""

    def __init__(self, run: Path, keep: int = 2):
        self.folder, self.keep = run / FOLDER, keep

    def save(
        self,
        state: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        best: Path | None = None,
        beside: Mapping[str, Path] | None = None,
    ) -> Path:
        """Write a checkpoint, then remove all but the last ones. Raises ResourceError; older ones are kept then.

        `best` is the file of the best model, `beside` are those of the models that are kept with it, by name.
        """
        import numpy as np

        number = max((found for found, _ in self._numbered()), default=0) + 1
        target = self.folder / f"r{number:06d}"
        part = self.folder / f".{target.name}.{secrets.token_hex(4)}.tmp"
        try:
            if not self.folder.is_dir():
                self.folder.mkdir()
                flush_folder(self.folder.parent)
            part.mkdir()
            with (part / _ARRAYS).open("xb") as file:
                np.savez(file, **dict(arrays))  # type: ignore[arg-type]
                flush_file(file)
            write_json(part / _STATE, dict(state))
            if best is not None:
                _second_name(best, part / BEST)
            for name, other in (beside or {}).items():
                _second_name(other, part / f"best.{name}.keras")
            write_json(part / _MANIFEST, {name: _facts(part / name) for name in sorted(os.listdir(part))})
            flush_folder(part)
            os.replace(part, target)
            flush_folder(self.folder)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise ResourceError(
                f"cannot write the checkpoint {target}: {error.strerror or error}; the one before it is kept"
            ) from error
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        self._remove_old()
        return target

    def load(self) -> tuple[Checkpoint | None, list[str]]:
        """Return the newest checkpoint that is whole, and why newer ones were passed over."""
        refused: list[str] = []
        for _, path in sorted(self._numbered(), reverse=True):
            try:
                return _read(path), refused
            except (OSError, ValueError, KeyError, EOFError) as error:
                refused.append(f"{path.name} is damaged: {' '.join(str(error).split()) or type(error).__name__}")
        return None, refused

    def remove(self) -> None:
        """Remove all checkpoints: a run that is done needs no way back."""
        for _, path in self._numbered():
            shutil.rmtree(path, ignore_errors=True)
        self.clean()
        with suppress(OSError):
            self.folder.rmdir()

    def clean(self) -> None:
        """Remove what a killed process left half-written or half-removed."""
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.name.startswith(".") and path.suffix in (".tmp", ".del"):
                shutil.rmtree(path, ignore_errors=True)

    def _numbered(self) -> list[tuple[int, Path]]:
        if not self.folder.is_dir():
            return []
        found = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return [(int(match[1]), path) for match, path in found if match]

    def _remove_old(self) -> None:
        """Remove all but the last; what cannot be removed now is in nobody's way."""
        for _, path in sorted(self._numbered())[: -self.keep]:
            gone = path.with_name(f".{path.name}.{secrets.token_hex(4)}.del")
            try:
                os.replace(path, gone)
            except OSError:
                continue
            shutil.rmtree(gone, ignore_errors=True)


def _read(path: Path) -> Checkpoint:
    """Return a checkpoint. Raises ValueError, OSError or KeyError where it is not what was written."""
    import numpy as np

    manifest = json.loads((path / _MANIFEST).read_text("utf-8"))
    if not isinstance(manifest, dict) or not {_STATE, _ARRAYS} <= manifest.keys():
        raise ValueError(f"{_MANIFEST} names no {_STATE} and {_ARRAYS}")
    for name, facts in manifest.items():
        if _facts(path / name) != facts:
            raise ValueError(f"{name} is not what was written")
    with np.load(path / _ARRAYS, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return Checkpoint(path, json.loads((path / _STATE).read_text("utf-8")), arrays)


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _second_name(file: Path, name: Path) -> None:
    """Give a file a further name; a copy where the disk knows no such names. Files are replaced, never written to."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)
        with name.open("rb+") as copy:
            flush_file(copy)
