"""Texts of one line each, behind their label."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from kerascnn.errors import DataError, counted
from kerascnn.sources.files import place
from kerascnn.sources.tables import natural
from kerascnn.sources.texts import Encoding, TextError, read_text, text_findings
from kerascnn.spec import Sample, Scan, Source, register

_GAP = re.compile("[ \t]")


@register("text_lines")
class TextLines(Source):
    """Text files with a line for each text: its label, a space, the text. Empty lines are left out.

    The label is what stands before the first space or tab, taken to the letter.
    """

    gives: ClassVar[str] = "text"
    paths: ClassVar[tuple[str, ...]] = ("path", "validation_path", "test_path")

    path: str
    """The file; a relative path starts from the folder that the command runs in."""
    validation_path: str | None = None
    """The file with the validation split; left out: it is divided from `path` as `data.split` says."""
    test_path: str | None = None
    """The file with the test split; left out: it is divided from `path` as `data.split` says."""
    class_names: list[str] | None = Field(None, min_length=2)
    """Names of the classes 0, 1, 2, ... where labels are numbers; left out: the labels themselves."""
    encoding: Encoding = "auto"
    """How letters are stored, such as utf-8, latin-1 or cp1252. auto: UTF-16 where a file begins with its mark, else
    UTF-8, else latin-1, of which a finding tells."""

    def scan(self) -> Scan:
        """Return the text of every line, named by the line. Raises DataError with every line that is wrong."""
        others = {"validation": self.validation_path, "test": self.test_path}
        files: dict[str | None, Path] = {
            None if others == dict.fromkeys(others) else "train": place(self.path, "data.source.path", folder=False)
        }
        for split, path in others.items():
            if path is not None:
                files[split] = place(path, f"data.source.{split}_path", folder=False)
        samples: list[Sample] = []
        latin: list[str] = []
        wrong: list[tuple[str, str]] = []
        for part, file in files.items():
            try:
                text, guessed = read_text(file, self.encoding)
            except TextError as error:
                raise DataError(f"{file}: {error}") from None
            latin += [file.name] if guessed else []
            found, reasons = self._lines(file, text, part)
            if not found and not reasons:
                raise DataError(f"{file}: is empty; each line should hold a label, a space and a text")
            samples += found
            wrong += reasons
        if wrong:
            raise DataError(f"{counted(len(wrong), 'line', 'lines')} cannot be used", wrong)
        labels = self.class_names or sorted({sample.label for sample in samples}, key=natural)
        return Scan(samples, list(labels), (), text_findings(samples, latin))

    def _lines(self, file: Path, text: str, split: str | None) -> tuple[list[Sample], list[tuple[str, str]]]:
        """Return the samples of a file, and the lines that cannot be used with the reason."""
        samples: list[Sample] = []
        wrong: list[tuple[str, str]] = []
        prefix = f"{split}/" if split else ""
        # Not splitlines: it takes characters inside a text, such as U+0085, for the end of a line.
        for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
            if not line.strip():
                continue
            where = f"{file}:{number}"
            if line[0] in " \t":
                wrong.append((where, "begins with a space; a label should stand there"))
                continue
            word, *rest = _GAP.split(line, maxsplit=1)
            label, reason = self._label(word)
            if reason:
                wrong.append((where, reason))
                continue
            samples.append(Sample(f"{prefix}{number:06d}", "".join(rest), label, split, origin=where))
        return samples, wrong

    def _label(self, word: str) -> tuple[str, str]:
        """Return the class that a label means, or the reason why it means none."""
        if self.class_names is None:
            return word, ""
        if not (word.isascii() and word.isdecimal() and len(word) < 10 and int(word) < len(self.class_names)):
            names = len(self.class_names)
            return "", f"has the label '{word}'; data.source.class_names names the classes 0 to {names - 1}"
        return self.class_names[int(word)], ""
