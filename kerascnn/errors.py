"""The exceptions of kerascnn, one for each thing that a caller would do differently.

    KerasCnnError               exit code 1
    ├── SpecError               2   a spec is wrong; `issues` lists every mistake with its place
    ├── UsageError              2   an argument is wrong: no such run, no such split
    ├── PluginError             2   a plugin is missing or broken
    ├── BuildError              2   the spec is well formed, but Keras cannot build its network
    ├── DataError               3   the data cannot be used; `files` names every culprit
    ├── TrainError              1   training failed
    │   ├── DivergedError       4   the loss or the weights are no longer finite
    │   └── ResourceError       5   out of disk or memory, or a folder cannot be written
    ├── ExportError             1   a model cannot be exported, or what was exported is not the same; `found` has it
    ├── RunInUseError           6   another process holds the run folder
    ├── UntrustedFileError      7   a model file is refused
    └── StoppedError           75   stopped on request; what was reached is kept

Each message says what was wrong, the value, where, and what to do. The command line prints the message and exits
with the class's `exit_code`; a traceback is never what a user sees for bad input.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class KerasCnnError(Exception):
    """Whatever kerascnn can explain to the person who reads it."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Issue:
    """One mistake in a spec, at its place.

    `line` and `column` count from 1; they are 0 where the spec did not come from a text. `message` is whole: it
    holds the value that was got, and the suggestion.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    value: object = None
    suggestion: str | None = None
    source_line: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)

    def frame(self) -> str:
        """Return the line of the spec with a caret under the mistake, or an empty text where there is none."""
        if not self.line or not self.source_line.strip():
            return ""
        # A window of the line, so that a spec on one endless line still shows its mistake.
        start = max(0, self.column - 1 - 60)
        text = self.source_line[start : start + 100].replace("\t", " ")
        gutter = f"{self.line:>5} | "
        return f"{gutter}{text}\n{' ' * (len(gutter) - 2)}| {' ' * (self.column - 1 - start)}^"


class SpecError(KerasCnnError):
    """A spec is wrong. `issues` holds every mistake, in the order of the file."""

    exit_code = 2

    def __init__(self, issues: Sequence[Issue]):
        self.issues = tuple(sorted(issues, key=lambda issue: (issue.file, issue.line, issue.column)))
        super().__init__("\n".join(str(issue) for issue in self.issues))


class UsageError(KerasCnnError):
    """An argument is wrong: an unknown run, split, template or format."""

    exit_code = 2


class PluginError(KerasCnnError):
    """A plugin is missing, broken, or claims a name that is taken."""

    exit_code = 2


class BuildError(KerasCnnError):
    """The spec is well formed, but its network cannot be built. `spec_path` says which part of the spec is meant."""

    exit_code = 2

    def __init__(self, message: str, spec_path: str = ""):
        self.spec_path = spec_path
        super().__init__(f"{spec_path}: {message}" if spec_path else message)


class DataError(KerasCnnError):
    """The data cannot be used. `files` names every file that is at fault, with the reason."""

    exit_code = 3

    def __init__(self, message: str, files: Sequence[tuple[str, str]] = ()):
        self.files = tuple(files)
        lines = [message, *(f"  {printable(name)}: {printable(reason)}" for name, reason in self.files)]
        super().__init__("\n".join(lines))


class TrainError(KerasCnnError):
    """Training failed."""


class DivergedError(TrainError):
    """The loss or the weights are no longer finite numbers."""

    exit_code = 4


class ResourceError(TrainError):
    """Out of disk or memory, or a folder cannot be written."""

    exit_code = 5


class ExportError(KerasCnnError):
    """A model cannot be exported, or what was written does not answer as it should.

    `found` is what `export.json` says, {} where nothing was written.
    """

    def __init__(self, message: str, found: Mapping[str, Any] | None = None):
        self.found = dict(found or {})
        super().__init__(message)


class RunInUseError(KerasCnnError):
    """Another process holds the run folder."""

    exit_code = 6


class UntrustedFileError(KerasCnnError):
    """A model file is refused: it is not one that kerascnn wrote, or it was changed."""

    exit_code = 7


class StoppedError(KerasCnnError):
    """The run was asked to stop; the best model so far is kept. `exit_code` is 130 after Ctrl-C, else 75."""

    exit_code = 75

    def __init__(self, message: str, exit_code: int = 75):
        self.exit_code = exit_code
        super().__init__(message)


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its word.

    >>> counted(1, "class has", "classes have"), counted(3, "class has", "classes have")
    ('1 class has', '3 classes have')
    """
    return f"{number} {one if number == 1 else many}"


def printable(text: str) -> str:
    r"""Return a text without what moves a terminal's cursor or cannot be encoded: a file may be named anything.

    >>> printable("a\nb\x1b[2J")
    'a\\nb\\x1b[2J'
    """
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
