"""What sources of files share: finding them, and which of them are pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from kerascnn.errors import DataError, counted

PICTURES = frozenset({
    ".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".apng", ".bmp", ".gif", ".webp", ".tif", ".tiff",
    ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".ico",
})  # fmt: skip
"""Endings of files that are taken for pictures; what they really hold is seen when they are read."""

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""What folders and columns of users call the splits, in small letters."""


def is_picture(file: Path) -> bool:
    """Return whether a file is taken for a picture, by its ending."""
    return file.suffix.lower() in PICTURES and not is_junk(file)


def is_junk(path: Path) -> bool:
    """Return whether a file or folder is what an operating system leaves behind."""
    return path.name.startswith((".", "__MACOSX")) or path.name.lower() in ("thumbs.db", "desktop.ini")


def place(path: str, field: str, *, folder: bool) -> Path:
    """Return the file or folder that a spec names, as an absolute path. Raises DataError where there is none."""
    try:
        found = Path(os.path.abspath(Path(path).expanduser()))
        right = found.is_dir() if folder else found.is_file()
        there = found.exists()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{field}: '{path}' cannot be used as a path: {error}") from None
    if not right:
        kind = "folder" if folder else "file"
        if there:
            raise DataError(f"{field}: {found} is not a {kind}")
        hint = "" if Path(path).is_absolute() else " (relative paths start from the folder that the command runs in)"
        raise DataError(f"{field}: there is no {kind} {found}{hint}")
    return found


def refuse_links(links: Sequence[Path], root: Path) -> None:
    """Raise DataError where there are symbolic links: what they point to may change, or lie outside the data."""
    if links:
        raise DataError(
            f"{root} holds {counted(len(links), 'symbolic link', 'symbolic links')}; put what they point to there",
            [(str(link), "is a symbolic link") for link in links],
        )
