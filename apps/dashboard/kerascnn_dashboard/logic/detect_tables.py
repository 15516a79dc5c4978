"""Ways to read tables: lists of pictures and sounds, texts, series, and the .ts files of the archives of series."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any

from kerascnn.errors import DataError
from kerascnn.sources.audio_folder import SOUNDS
from kerascnn.sources.files import PICTURES
from kerascnn_dashboard.logic import columns
from kerascnn_dashboard.logic.looking import TABLES, Candidate, Head, Seen, Tree, are_numbers, head

_MOST = 20
"""Tables that are looked at."""


def _each(found: Tree, look: Callable[[Head, Seen], None], endings: Container[str] = TABLES) -> Seen:
    """Look at every table that is there; what is no table is a problem."""
    seen = Seen()
    for file in [file for file in found.ending(*TABLES) if file.suffix.lower() in endings][:_MOST]:
        try:
            table = head(file)
            if not table.rows:
                raise DataError(f"{file.name} has no rows below its header")
        except DataError as error:
            seen.problems.append(f"{error}.")
            continue
        look(table, seen)
    return seen


def manifest(found: Tree, target: str) -> Seen:
    """A table with the paths of pictures."""

    def look(table: Head, seen: Seen) -> None:
        _listed(table, found, seen, "manifest", target, PICTURES, "pictures")

    return _each(found, look, {".csv", ".tsv", ".parquet"})


def audio_manifest(found: Tree, target: str) -> Seen:
    """A table with the paths of sounds."""

    def look(table: Head, seen: Seen) -> None:
        _listed(table, found, seen, "audio_manifest", target, SOUNDS, "sounds")

    return _each(found, look, TABLES - {".parquet"})


def _listed(
    table: Head, found: Tree, seen: Seen, source: str, target: str, endings: Container[str], things: str
) -> None:  # fmt: skip
    path, root, there = columns.paths(table, found, endings)
    if path is None:
        return
    fields: dict[str, Any] = {"path_column": path, **columns.facts(table)}
    answer, named, about = _answer(table, target, [path, *fields.values()])
    if not answer:
        seen.problems.append(f"{table.file.name} lists {things}, but no column of it says what they are answered with.")
        return
    if root is not None and root != table.file.parent:
        fields["root"] = str(root)
    why = f"{table.file.name} lists {things} in the column '{path}'; {about}."
    if root is None:
        why += f" None of the {things} was found: name the folder that their paths start from."
    sure = named and there == 30
    of = {"type": source, "path": str(table.file), **fields, **answer}
    seen.candidates.append(Candidate(of, why, sure, 85 if sure else 60, tuple(table.header)))


def _answer(table: Head, target: str, taken: Container[str | None]) -> tuple[dict[str, Any], bool, str]:
    """Return the fields that say what samples are answered with, whether names of columns say so, and a sentence."""
    free = [name for name in table.header if name not in taken]
    if target == "classes":
        column = columns.pick(free, (*columns.MANY, *columns.LABELS))
        if column is None:
            return {}, False, ""
        text = "".join(table.values(column))
        separator = next((mark for mark in (";", "|", ",") if mark in text), ";")
        said = f"their classes stand in '{column}', divided by '{separator}'"
        return {"labels_column": column, "separator": separator}, True, said
    if target == "values":
        numbers = [name for name in free if table.is_numeric(name)]
        named = columns.pick(numbers, columns.NUMBERS)
        chosen = [named] if named else numbers[:1]
        said = f"the number to be predicted stands in '{chosen[0]}'" if chosen else ""
        return ({"target_columns": chosen} if chosen else {}), bool(named) or len(numbers) == 1, said
    column, sure = columns.label(table, taken)
    return ({"label_column": column} if column else {}), sure, f"the class stands in '{column}'"


def text_table(found: Tree, target: str) -> Seen:
    """A table of texts."""

    def look(table: Head, seen: Seen) -> None:
        named = columns.pick(table.header, columns.TEXTS)
        lengths = {name: sum(map(len, table.values(name))) / len(table.rows) for name in table.header}
        text = named or max(lengths, key=lambda name: lengths[name])
        fields = columns.facts(table)
        label, sure = columns.label(table, [text, *fields.values()])
        if label is None or lengths[text] < 3 or table.is_numeric(text):
            seen.problems.append(f"{table.file.name} has no column that looks like the class of a text.")
            return
        source = {"type": "text_table", "path": str(table.file), "text_column": text, "label_column": label, **fields}
        why = f"{table.file.name} has texts in the column '{text}' and their classes in '{label}'."
        sure = sure and named is not None
        seen.candidates.append(Candidate(source, why, sure, 85 if sure else 60, tuple(table.header)))

    return _each(found, look, TABLES - {".parquet"})


def text_lines(found: Tree) -> Seen:
    """Text files with a label at the beginning of each line."""
    seen = Seen()
    for file in found.ending(".txt")[:_MOST]:
        with file.open("rb") as stream:
            lines = stream.read(1 << 18).decode("utf-8", "replace").split("\n")[:-1]
        words = [line.split(maxsplit=1)[0] for line in lines if len(line.split(maxsplit=1)) == 2]
        if len(words) < 4 or not 2 <= len(set(words)) <= len(words) / 3:
            continue
        marked = all(word.startswith("__label__") for word in words)
        why = f"{file.name} has a text on each line, behind its class, such as '{words[0]}'."
        seen.candidates.append(Candidate({"type": "text_lines", "path": str(file)}, why, marked, 70 if marked else 40))
    return seen


def series_table(found: Tree, target: str) -> Seen:
    """A table of series, long or wide."""

    def look(table: Head, seen: Seen) -> None:
        identity, time = columns.pick(table.header, columns.IDS), columns.pick(table.header, columns.TIMES)
        if identity and table.distinct(identity) < 0.8 * len(table.rows):
            candidate = _long(table, target, identity, time)
        else:
            candidate = _wide(table, target)
        if candidate:
            seen.candidates.append(candidate)
        else:
            seen.problems.append(
                f"{table.file.name} does not look like a table of series with what they are answered with."
            )

    return _each(found, look, {".csv", ".tsv"})


def _long(table: Head, target: str, identity: str, time: str | None) -> Candidate | None:
    fields = columns.facts(table)
    answer, named, about = _answer(table, target, [identity, time, *fields.values()])
    if not answer:
        return None
    source = {
        "type": "series_table", "path": str(table.file), "layout": "long", "id_column": identity, "time_column": time,
        **fields, **answer,
    }  # fmt: skip
    taken = {identity, time, *fields.values(), *answer.get("target_columns", ()), answer.get("label_column")}
    values = [name for name in table.header if name not in taken]
    if not values or not all(table.is_numeric(name) for name in values):
        return None
    why = f"{table.file.name} has a row for each moment, of the series that '{identity}' names; {about}."
    return Candidate(source, why, named and time is not None, 80, tuple(table.header))


def _wide(table: Head, target: str) -> Candidate | None:
    header = not are_numbers(table.header)
    names = list(table.header) if header else [str(i) for i in range(len(table.header))]
    seen = table if header else Head(table.file, names, [table.header, *table.rows])
    fields = columns.facts(seen) if header else {}
    if header:
        answer, named, about = _answer(seen, target, list(fields.values()))
    elif target == "class":
        answer, named, about = {"label_column": "0"}, seen.distinct("0") <= len(seen.rows) / 2, "the class stands first"
    else:
        answer, named, about = {"target_columns": ["0"]}, False, "the number to be predicted stands first"
    taken = {*fields.values(), *answer.get("target_columns", ()), answer.get("label_column")}
    values = [name for name in names if name not in taken]
    if not answer or len(values) < 4 or not all(seen.is_numeric(name) for name in values):
        return None
    source = {
        "type": "series_table",
        "path": str(table.file),
        **({} if header else {"header": False}),
        **fields,
        **answer,
    }
    why = f"{table.file.name} has a series of {len(values)} values on each row; {about}."
    return Candidate(source, why, named and len(values) >= 8, 75, tuple(names))


def series_windows(found: Tree) -> Seen:
    """A table of long series whose values are to be forecast."""

    def look(table: Head, seen: Seen) -> None:
        time, identity = columns.pick(table.header, columns.TIMES), columns.pick(table.header, columns.IDS)
        values = [name for name in table.header if name not in (time, identity) and table.is_numeric(name)]
        if not values:
            seen.problems.append(f"{table.file.name} has no column of numbers to be forecast.")
            return
        window = max(2, min(48, len(table.rows) // 10))
        source = {
            "type": "series_windows", "path": str(table.file), "window": window, "horizon": 1, "id_column": identity,
            "time_column": time, "value_columns": values,
        }  # fmt: skip
        why = (
            f"{table.file.name} has a row for each moment, with numbers in {', '.join(values[:4])}. Say how many steps "
            "are seen and how many are forecast."
        )
        seen.candidates.append(Candidate(source, why, False, 70, tuple(table.header)))

    return _each(found, look, {".csv", ".tsv"})


def ts_file(found: Tree) -> Seen:
    """Series in .ts files, with a part for tests where there is one."""
    seen = Seen()
    files = found.ending(".ts")
    tests = {file.with_name(file.name.replace("_TEST", "_TRAIN")): file for file in files if "_TEST" in file.name}
    mains = [file for file in files if "_TEST" not in file.name]
    for file in mains or files:
        source = {"type": "ts_file", "path": str(file)}
        if file in tests:
            source["test_path"] = str(tests[file])
        with file.open("rb") as stream:
            text = stream.read(1 << 16).decode("utf-8", "replace").lower()
        if "@targetlabel true" in text:
            source["target_kind"] = "value"
        beside = f", {tests[file].name} is the part for tests" if file in tests else ""
        seen.candidates.append(
            Candidate(
                source,
                f"{file.name} holds series as the archives of series have them{beside}.",
                len(mains or files) == 1,
                90,
            )
        )
    return seen
