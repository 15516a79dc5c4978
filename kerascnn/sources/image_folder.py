"""Pictures in one folder for each class."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, NoReturn

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import SPLIT_NAMES, is_junk, is_picture, place, refuse_links
from kerascnn.spec import Sample, Scan, Source, register


@register("image_folder")
class ImageFolder(Source):
    """Pictures in folders that are named after their class: `PATH/cat/1.jpg`.

    Where `PATH` holds `train` and nothing but `train`, `validation` (`val`, `valid`) and `test`, these are the splits,
    and the classes are the folders in them. Folders inside a class folder belong to the class.
    """

    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder; a relative one starts from the folder that the command runs in."""

    def scan(self) -> Scan:
        """Return every picture file by its name; files that are no pictures by their ending are counted as notes."""
        root = place(self.path, "data.source.path", folder=True)
        tops, loose = _inside(root)
        if not tops:
            raise DataError(f"{root} has no folders: put the pictures of each class in a folder of its name")
        parts = {SPLIT_NAMES[top.name.lower()] for top in tops if top.name.lower() in SPLIT_NAMES}
        split = "train" in parts and all(top.name.lower() in SPLIT_NAMES for top in tops)
        links = [top for top in tops if top.is_symlink()]
        classes: list[tuple[Path, str | None]] = [] if split else [(top, None) for top in tops]
        for top in tops if split else ():
            folders, files = _inside(top)
            classes += [(folder, SPLIT_NAMES[top.name.lower()]) for folder in folders]
            loose += files

        samples: list[Sample] = []
        other: Counter[str] = Counter()
        for folder, part in classes:
            for file in _files(folder):
                if file.is_symlink():
                    links.append(file)
                elif is_picture(file):
                    samples.append(Sample(file.relative_to(root).as_posix(), file, folder.name, part))
                elif not is_junk(file):
                    other[file.suffix.lower()] += 1
        refuse_links(sorted(set(links)), root)
        notes = [
            f"{counted(count, 'file', 'files')} {f'ending in {suffix}' if suffix else 'without an ending'} left out: "
            "by the ending no picture"
            for suffix, count in sorted(other.items())
        ]
        if "train" in parts and not split:
            others = ", ".join(top.name for top in tops if top.name.lower() not in SPLIT_NAMES)
            notes.append(f"train is taken for a class, not for a split, because of the folders beside it: {others}")
        if loose:
            notes.append(f"{counted(len(loose), 'file', 'files')} in no class folder left out, such as {loose[0]}")
        return Scan(samples, sorted({folder.name for folder, _ in classes}), notes)


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files right in a folder, links among them, without junk. Raises DataError."""
    try:
        items = sorted(item for item in folder.iterdir() if not is_junk(item))
    except OSError as error:
        _unreadable(error)
    return [item for item in items if item.is_dir()], [item for item in items if not item.is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder, and every link in place of what it points to, in a fixed order."""
    if folder.is_symlink():
        yield folder
        return
    for top, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        links = [name for name in folders if Path(top, name).is_symlink()]
        for name in sorted([*names, *links]):
            yield Path(top, name)


def _unreadable(error: OSError) -> NoReturn:
    raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
