"""Sounds in one folder for each class."""

from __future__ import annotations

from typing import ClassVar

from kerascnn.sources.files import place
from kerascnn.sources.folders import class_folders
from kerascnn.spec import Sample, Scan, Source, register

SOUNDS = frozenset({".wav", ".wave"})
"""Endings of files that are taken for sounds; what they really hold is seen when they are read."""


@register("audio_folder")
class AudioFolder(Source):
    """WAV files in folders that are named after their class: `PATH/rain/1.wav`.

    Where `PATH` holds `train` and nothing but `train`, `validation` (`val`, `valid`) and `test`, these are the splits,
    and the classes are the folders in them. Folders inside a class folder belong to the class.
    """

    gives: ClassVar[str] = "audio"
    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder; a relative one starts from the folder that the command runs in."""

    def scan(self) -> Scan:
        """Return every sound file by its name; files that are no sounds by their ending are counted as notes."""
        root = place(self.path, "data.source.path", folder=True)
        found = class_folders(root, lambda file: file.suffix.lower() in SOUNDS, "sound", "sounds")
        samples = [Sample(file.relative_to(root).as_posix(), file, label, split) for file, label, split in found.files]
        return Scan(samples, found.classes, found.notes)
