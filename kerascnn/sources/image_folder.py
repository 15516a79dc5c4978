"""Pictures in one folder for each class."""

from __future__ import annotations

from typing import ClassVar

from kerascnn.sources.files import is_picture, place
from kerascnn.sources.folders import class_folders
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
        found = class_folders(root, is_picture, "picture", "pictures")
        samples = [Sample(file.relative_to(root).as_posix(), file, label, split) for file, label, split in found.files]
        return Scan(samples, found.classes, found.notes)
