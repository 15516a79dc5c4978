"""Texts in one folder for each class."""

from __future__ import annotations

from typing import ClassVar

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import place
from kerascnn.sources.folders import class_folders
from kerascnn.sources.texts import Encoding, TextError, read_text, text_findings
from kerascnn.spec import Sample, Scan, Source, register


@register("text_folder")
class TextFolder(Source):
    """Text files in folders that are named after their class: `PATH/praise/1.txt`. A file is one text.

    Where `PATH` holds `train` and nothing but `train`, `validation` (`val`, `valid`) and `test`, these are the splits,
    and the classes are the folders in them. Folders inside a class folder belong to the class.
    """

    gives: ClassVar[str] = "text"
    paths: ClassVar[tuple[str, ...]] = ("path",)

    path: str
    """The folder; a relative one starts from the folder that the command runs in."""
    encoding: Encoding = "auto"
    """How letters are stored, such as utf-8, latin-1 or cp1252. auto: UTF-16 where a file begins with its mark, else
    UTF-8, else latin-1, of which a finding tells."""

    def scan(self) -> Scan:
        """Return the text of every .txt file by the file's name. Raises DataError with every file that holds none."""
        root = place(self.path, "data.source.path", folder=True)
        found = class_folders(root, lambda file: file.suffix.lower() == ".txt", "text", "texts")
        samples: list[Sample] = []
        latin: list[str] = []
        wrong: list[tuple[str, str]] = []
        for file, label, split in found.files:
            name = file.relative_to(root).as_posix()
            try:
                text, guessed = read_text(file, self.encoding)
            except TextError as error:
                wrong.append((str(file), str(error)))
                continue
            if guessed:
                latin.append(name)
            samples.append(Sample(name, text, label, split))
        if wrong:
            raise DataError(f"{counted(len(wrong), 'file', 'files')} of {root} cannot be read as text", wrong)
        return Scan(samples, found.classes, found.notes, text_findings(samples, latin))
