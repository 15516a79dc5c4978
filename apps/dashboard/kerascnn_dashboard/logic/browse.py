"""Looking into the folders of this computer that may be read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kerascnn.errors import UsageError
from kerascnn_dashboard.logic.home import Home

MOST = 500
"""Folders that are listed."""


@dataclass(frozen=True)
class Listing:
    """What lies in a folder."""

    path: Path
    up: Path | None
    """The folder around it, where that may be read."""
    folders: list[str]
    files: int
    more: bool
    """Whether there are more folders than are listed."""


def inside(home: Home, path: str) -> Listing:
    """Return what lies in a folder. Raises UsageError where it may not be read."""
    folder = home.allowed(path)
    if not folder.is_dir():
        raise UsageError(f"'{folder}' is no folder")
    folders: list[str] = []
    files = 0
    try:
        with os.scandir(folder) as items:
            for item in items:
                if item.name.startswith("."):
                    continue
                if item.is_dir(follow_symlinks=False):
                    folders.append(item.name)
                else:
                    files += 1
    except OSError as error:
        raise UsageError(f"'{folder}' cannot be read: {error.strerror}") from None
    try:
        up: Path | None = home.allowed(folder.parent)
    except UsageError:
        up = None
    folders.sort(key=str.casefold)
    return Listing(folder, up if up != folder else None, folders[:MOST], files, len(folders) > MOST)
