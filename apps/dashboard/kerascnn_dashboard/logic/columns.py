"""Which column of a table is which, by its name and by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

from kerascnn.sources.files import SPLIT_NAMES
from kerascnn_dashboard.logic.looking import Head, Tree

PATHS = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "picture",
         "photo", "audio", "sound", "wav", "id", "name")  # fmt: skip
LABELS = ("label", "class", "class_name", "category", "target", "species", "diagnosis", "sentiment", "y", "type")
MANY = ("labels", "classes", "tags", "categories")
TEXTS = ("text", "sentence", "review", "message", "content", "body", "comment", "document", "description", "title",
         "tweet", "question")  # fmt: skip
SPLITS = ("split", "set", "subset", "partition", "fold", "part")
GROUPS = ("group", "patient", "patient_id", "subject", "subject_id", "speaker", "speaker_id", "author", "site")
IDS = ("id", "series", "series_id", "sequence", "sequence_id", "case", "sample", "unit", "trace")
TIMES = ("time", "timestamp", "date", "datetime", "ds", "t", "step", "moment")
NUMBERS = ("value", "target", "y", "score", "age", "price", "weight", "amount")


def pick(header: Iterable[str], words: Sequence[str]) -> str | None:
    """Return the column with one of these names; the first name that fits counts most.

    >>> pick(["File Name", "Class"], PATHS)
    'File Name'
    """
    plain: dict[str, str] = {}
    for name in header:
        plain.setdefault(re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"), name)
    return next((plain[word] for word in words if word in plain), None)


def facts(table: Head) -> dict[str, str]:
    """Return the fields of a source for the columns that divide the rows: `split_column` and `group_column`."""
    found = {}
    split = pick(table.header, SPLITS)
    if split and all(value.strip().lower() in SPLIT_NAMES for value in table.values(split)):
        found["split_column"] = split
    group = pick(table.header, GROUPS)
    if group and all(value.strip() for value in table.values(group)):
        found["group_column"] = group
    return found


def label(table: Head, taken: Container[str | None]) -> tuple[str | None, bool]:
    """Return the column with the class, and whether its name says so.

    Where no name does, it is the one with the fewest different values, if they repeat.
    """
    free = [name for name in table.header if name not in taken]
    named = pick(free, (*LABELS, *MANY))
    if named:
        return named, True
    repeated = [
        (table.distinct(name), name) for name in free if 2 <= table.distinct(name) <= max(2, len(table.rows) / 3)
    ]
    return (min(repeated)[1] if repeated else None), False


def paths(table: Head, found: Tree, endings: Container[str]) -> tuple[str | None, Path | None, int]:
    """Return the column with the paths of files, the folder that they start from, and how many of 30 are there.

    Without a folder no file was found where the column says that it is.
    """
    columns = []
    for name in table.header:
        some = [value for value in dict.fromkeys(table.values(name)) if value.strip()][:30]
        fitting = sum(Path(value).suffix.lower() in endings for value in some)
        if some and fitting > len(some) / 2:
            columns.append((name, some))
    for name, some in columns:
        best: tuple[int, Path | None] = (0, None)
        for base in [table.file.parent, *(found.root / folder for folder in found.all_folders[:300])]:
            there = sum(_is_file(base / value) for value in some)
            if there > best[0]:
                best = there, base
            if there == len(some):
                break
        if best[1] is not None:
            return name, best[1], round(30 * best[0] / len(some))
    return (columns[0][0] if columns else None), None, 0


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
