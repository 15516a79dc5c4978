"""Files that people bring: which of a folder a model takes, and names that do no harm."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from kerascnn.errors import UsageError
from kerascnn.sources.files import is_junk, is_picture
from kerascnn_dashboard.logic.home import Home

MOST_FILES = 5000
_ENDINGS = {"text": (".txt",), "audio": (".wav", ".wave"), "series": (".npy", ".csv")}
"""As `kerascnn predict` takes them from folders."""


def files_of(home: Home, folder: str, reads: str) -> tuple[list[Path], list[str]]:
    """Return the files of a folder that a model of this medium takes, and their names below it.

    Raises UsageError where it may not be read, holds none, or too many; links that lead out of what may be read are
    passed over.
    """
    root = home.allowed(folder)
    if not root.is_dir():
        return [root], [root.name]
    roots = [home.folder, *home.roots()]
    found: list[Path] = []
    for file in sorted(root.rglob("*")):
        right = is_picture(file) if reads == "image" else file.suffix.lower() in _ENDINGS.get(reads, ())
        if right and not is_junk(file) and file.is_file() and any(file.resolve().is_relative_to(r) for r in roots):
            found.append(file)
        if len(found) > MOST_FILES:
            raise UsageError(
                f"{root} holds more than {MOST_FILES} files; `kerascnn predict` on the command line takes any number"
            )
    if not found:
        raise UsageError(f"{root} holds nothing that this model takes")
    return found, [file.relative_to(root).as_posix() for file in found]


def safe_name(name: str) -> str:
    """Return the last part of a file's name without what a file system or a terminal could stumble over.

    >>> safe_name("../../etc/pass\\nwd.png")
    'pass_wd.png'
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    kept = "".join(char if char.isprintable() and char not in '<>:"|?*' else "_" for char in last).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    short = f"{stem[:80]}.{ending[:10]}" if dot else kept[:80]
    return short if short.strip("._") else "file"
