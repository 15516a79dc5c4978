"""What a user names for prediction: files of the medium that the model reads, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.errors import DataError, UsageError
from kerascnn.sources.files import is_junk, is_picture
from kerascnn.sources.series import NumberError, to_numbers
from kerascnn.sources.texts import TextError, read_text

_ENDINGS = {"text": (".txt",), "audio": (".wav", ".wave"), "series": (".npy", ".csv")}
_NOUNS = {"image": "picture", "text": "text (.txt)", "audio": "sound (.wav)", "series": "series (.npy or .csv)"}


class InputError(Exception):
    """A file cannot be read; the text is the reason, without the file's name."""


def input_files(paths: Sequence[str | Path], medium: str) -> list[Path]:
    """Return the files, and of each folder those in it and below that are of the medium by their ending.

    Raises UsageError where nothing is named, DataError where a folder holds none.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file() and _is_of(file, medium))
            if not found:
                raise DataError(f"{path} holds no {_NOUNS[medium]}")
            files += found
        else:
            files.append(path)
    if not files:
        raise UsageError(f"name at least one {_NOUNS[medium]} or folder")
    return files


def read_inputs(files: Sequence[Path], medium: str) -> tuple[list[Any], list[Path], list[tuple[str, str]]]:
    """Return payloads and their files, and the name and reason of each file that cannot be read.

    Pictures and sounds are their files. A text is what is in its file. A series is an array in a .npy file, or the
    numbers of a .csv file: a row a time step, a column a channel; a first row without numbers is a header.
    """
    if medium in ("image", "audio"):
        return list(files), list(files), []
    payloads, kept, bad = [], [], []
    for file in files:
        try:
            payloads.append(_text(file) if medium == "text" else _series(file))
            kept.append(file)
        except InputError as error:
            bad.append((str(file), str(error)))
    return payloads, kept, bad


def _is_of(file: Path, medium: str) -> bool:
    return is_picture(file) if medium == "image" else file.suffix.lower() in _ENDINGS[medium] and not is_junk(file)


def _text(file: Path) -> str:
    try:
        return read_text(file, "auto")[0]
    except TextError as error:
        raise InputError(str(error)) from None


def _series(file: Path) -> np.ndarray:
    if file.suffix.lower() == ".csv":
        return _table(file)
    try:
        with file.open("rb") as stream:
            return np.asarray(np.load(stream, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        # NumPy advises to load what it does not know unsafely.
        why = "it is no array of numbers; series are read from .csv and .npy" if "pickle" in str(error) else error
        raise InputError(f"cannot be read as NumPy's file: {why}") from None


def _table(file: Path) -> np.ndarray:
    rows = [line.split(",") for line in _text(file).splitlines() if line.strip()]
    if rows and not any(_is_number(cell) for cell in rows[0]):
        rows = rows[1:]
    if not rows or len({len(row) for row in rows}) > 1:
        raise InputError("is no table of numbers: every row should have the same number of them")
    try:
        return np.stack([to_numbers(row) for row in rows])
    except NumberError as error:
        raise InputError(f"is no table of numbers: {error}") from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
