"""What sources of one folder for each class share: the walk through the folders."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import SPLIT_NAMES, is_junk, refuse_links, unreadable


@dataclass(frozen=True)
class Folders:
    """What stands in folders that are named after their class."""

    files: list[tuple[Path, str, str | None]]
    """Each file that is wanted, with its class and its split, in a fixed order."""
    classes: list[str]
    """Every class that has a folder, sorted."""
    notes: list[str]
    """What was left out, in sentences."""


def class_folders(root: Path, wanted: Callable[[Path], bool], thing: str, things: str) -> Folders:
    """Return the wanted files below a folder that holds a folder for each class, or for each split.

    `thing` and `things` are the word for such a file. Raises DataError where there are no folders, links, or a folder
    that cannot be read.
    """
    tops, loose = _inside(root)
    if not tops:
        raise DataError(f"{root} has no folders: put the {things} of each class in a folder of its name")
    parts = {SPLIT_NAMES[top.name.lower()] for top in tops if top.name.lower() in SPLIT_NAMES}
    split = "train" in parts and all(top.name.lower() in SPLIT_NAMES for top in tops)
    links = [top for top in tops if top.is_symlink()]
    classes: list[tuple[Path, str | None]] = [] if split else [(top, None) for top in tops]
    for top in tops if split else ():
        folders, files = _inside(top)
        classes += [(folder, SPLIT_NAMES[top.name.lower()]) for folder in folders]
        loose += files

    found: list[tuple[Path, str, str | None]] = []
    other: Counter[str] = Counter()
    for folder, part in classes:
        for file in _files(folder):
            if file.is_symlink():
                links.append(file)
            elif is_junk(file):
                continue
            elif wanted(file):
                found.append((file, folder.name, part))
            else:
                other[file.suffix.lower()] += 1
    refuse_links(sorted(set(links)), root)
    notes = [
        f"{counted(count, 'file', 'files')} {f'ending in {suffix}' if suffix else 'without an ending'} left out: "
        f"by the ending no {thing}"
        for suffix, count in sorted(other.items())
    ]
    if "train" in parts and not split:
        others = ", ".join(top.name for top in tops if top.name.lower() not in SPLIT_NAMES)
        notes.append(f"train is taken for a class, not for a split, because of the folders beside it: {others}")
    if loose:
        notes.append(f"{counted(len(loose), 'file', 'files')} in no class folder left out, such as {loose[0]}")
    return Folders(found, sorted({folder.name for folder, _ in classes}), notes)


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files right in a folder, links among them, without junk. Raises DataError."""
    try:
        items = sorted(item for item in folder.iterdir() if not is_junk(item))
    except OSError as error:
        unreadable(error)
    return [item for item in items if item.is_dir()], [item for item in items if not item.is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder, and every link in place of what it points to, in a fixed order."""
    if folder.is_symlink():
        yield folder
        return
    for top, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        links = [name for name in folders if Path(top, name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(top, name)
