"""Pictures in one folder for each class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from kerascnn.errors import DataError
from kerascnn.sources.files import is_junk, is_picture, place, refuse_links
from kerascnn.spec import Sample, Scan, Source, register

_PARTS = {"train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
          "test": "test", "testing": "test"}  # fmt: skip


@register("image_folder")
class ImageFolder(Source):
    """Pictures in folders that are named after their class: `PATH/cat/1.jpg`.

    Where `PATH` holds `train` and nothing but `train`, `validation` (`val`, `valid`) and `test`, these are the splits, and
    the classes are the folders in them. Folders inside a class folder belong to the class.
    """

    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder; a relative one starts from the folder that the command runs in."""

    def scan(self) -> Scan:
        """Return every picture file by its name; files that are no pictures by their ending are counted as notes."""
        root = place(self.path, "data.source.path", folder=True)
        tops = _folders(root)
        if not tops:
            raise DataError(f"{root} has no folders: put the pictures of each class in a folder of its name")
        parts = {_PARTS[top.name.lower()] for top in tops if top.name.lower() in _PARTS}
        split = "train" in parts and all(top.name.lower() in _PARTS for top in tops)
        classes = [(top, _PARTS[top.name.lower()]) for top in tops] if split else [(root, None)]

        samples: list[Sample] = []
        labels: set[str] = set()
        links: list[Path] = []
        other: dict[str, int] = {}
        for folder, part in classes:
            for class_folder in _folders(folder):
                labels.add(class_folder.name)
                for file in _files(class_folder):
                    if file.is_symlink():
                        links.append(file)
                    elif is_picture(file):
                        samples.append(Sample(file.relative_to(root).as_posix(), file, class_folder.name, part))
                    elif not is_junk(file):
                        other[file.suffix.lower()] = other.get(file.suffix.lower(), 0) + 1
        refuse_links(links, root)
        notes = [
            f"{count} files ending in '{suffix}' are no pictures and are left out" if suffix
            else f"{count} files without an ending are left out"
            for suffix, count in sorted(other.items())
        ]  # fmt: skip
        return Scan(samples, sorted(labels), notes)


def _folders(folder: Path) -> list[Path]:
    return sorted(item for item in folder.iterdir() if item.is_dir() and not is_junk(item) and not item.is_symlink())


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file below a folder in a fixed order, without following links."""
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_junk(Path(name)))
        for name in sorted(names):
            yield Path(top, name)
