"""From a text to a Spec: every mistake of a file at once, each at its line and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from kerascnn.errors import Issue, SpecError
from kerascnn.spec.json_text import read_json
from kerascnn.spec.messages import say, show
from kerascnn.spec.overrides import override
from kerascnn.spec.section import Section
from kerascnn.spec.spec import Spec
from kerascnn.spec.tree import LINE_BREAK, MAX_BYTES, MAX_ISSUES, Loc, Place, Tree, read_data
from kerascnn.spec.yaml_text import read_yaml

S = TypeVar("S", bound=Section)


def load_spec(path: str | Path, overrides: Sequence[str] = ()) -> Spec:
    """Return the spec of a YAML or JSON file (by its ending), with `a.b.0.c=value` overrides put in.

    Raises SpecError, which lists every mistake with file, line and column.
    """
    path = Path(path)
    return parse_spec(read_file(path), str(path), overrides)


def read_file(path: Path) -> bytes:
    """Return the bytes of a spec file. Raises SpecError where there are none, or too many."""
    try:
        if path.is_dir():
            raise _file_error(path, "is a folder; name the spec file in it")
        if not path.is_file():
            raise _file_error(path, "there is no such file" if not path.exists() else "is not a regular file")
        if path.stat().st_size > MAX_BYTES:
            raise _file_error(path, f"is larger than {MAX_BYTES} bytes, the limit for a spec")
        return path.read_bytes()
    except OSError as error:
        raise _file_error(path, f"cannot be read: {error.strerror or error}") from None


def parse_spec(content: bytes | str, file: str = "spec.yaml", overrides: Sequence[str] = ()) -> Spec:
    """Return the spec that a text spells out. `file` stands in messages; its ending tells JSON from YAML."""
    tree = read_tree(content, file)
    override(tree, overrides)
    return validate(tree, file)


def spec_from_dict(data: Mapping[str, Any]) -> Spec:
    """Return the spec of plain data, as `Spec.spell` gives it. Raises SpecError; places have no lines."""
    return validate(_checked(read_data(data, "spec"), Place("spec", 0, 0)), "spec")


def read_tree(content: bytes | str, file: str, *, what: str = "a spec", key: str = "kerascnn") -> Tree:
    """Return the plain data of a text with its places. Raises SpecError where it cannot be read on."""
    if isinstance(content, bytes):
        content = _decode(content, file)
    if len(content) > MAX_BYTES:
        raise _file_error(Path(file), f"is larger than {MAX_BYTES} characters, the limit for a spec")
    reader = read_json if file.lower().endswith(".json") else read_yaml
    return _checked(reader(content.removeprefix("\ufeff"), file), Place(file, 1, 1), what, key)


def validate(tree: Tree, file: str) -> Spec:
    """Return the spec of a tree. Raises SpecError with the mistakes of the text and of the values."""
    return validated(Spec, tree, file)


def validated(cls: type[S], tree: Tree, file: str) -> S:
    """Return what a tree spells out. Raises SpecError with the mistakes of the text and of the values."""
    try:
        found = cls.model_validate(tree.value)
    except ValidationError as error:
        raise SpecError([*tree.issues, *_issues(error, tree, file)]) from None
    if tree.issues:
        raise SpecError(tree.issues)
    return found


def _issues(error: ValidationError, tree: Tree, file: str) -> list[Issue]:
    errors = error.errors(include_url=False)
    # One slip of the pen is one mistake: a key that is not known, and the one that it was meant for missing.
    meant = {(*line["loc"][:-1], line["ctx"].get("suggestion")) for line in errors if line["type"] == "unknown_field"}
    issues = []
    for line in errors:
        loc = line["loc"]
        unknown = line["type"] == "unknown_field"
        missing = line["type"] == "missing"
        if missing and (loc in meant or (*loc[:-1], "<<") in tree.lost):
            continue
        if not unknown and _was_lost(loc, tree):
            continue
        place = tree.place(loc, of_key=unknown) or Place(file, 0, 0)
        message, suggestion = say(line)
        issues.append(tree.issue(place, loc, message, line["input"], suggestion))
    if len(errors) >= MAX_ISSUES:
        last = max(issues, key=lambda issue: issue.line)
        issues.append(tree.issue(Place(file, last.line, last.column), (), "there are more mistakes than these"))
    return issues


def _was_lost(loc: Loc, tree: Tree) -> bool:
    """Return whether the reader has said what is wrong with this value, or with a part of it."""
    return any(lost[: len(loc)] == loc for lost in tree.lost)


def _decode(content: bytes, file: str) -> str:
    marks = {
        b"\xff\xfe\x00\x00": "UTF-32",
        b"\x00\x00\xfe\xff": "UTF-32",
        b"\xff\xfe": "UTF-16",
        b"\xfe\xff": "UTF-16",
    }
    for mark, name in marks.items():
        if content.startswith(mark):
            raise SpecError([Issue(file, 1, 1, "", f"is {name}; save it as UTF-8")])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = LINE_BREAK.split(content[: error.start].decode("utf-8").removeprefix("\ufeff"))
        byte = content[error.start]
        message = f"is not UTF-8 (byte 0x{byte:02x}); save it as UTF-8"
        raise SpecError([Issue(file, len(before), len(before[-1]) + 1, "", message)]) from None


def _file_error(path: Path, message: str) -> SpecError:
    return SpecError([Issue(str(path), 0, 0, "", message)])


def _checked(tree: Tree, start: Place, what: str = "a spec", key: str = "kerascnn") -> Tree:
    """Return the tree where it is a mapping. Raises SpecError where it is not."""
    value = tree.value
    if isinstance(value, dict):
        return tree
    place = start
    if value is None:
        message = f"the file is empty; {what} is a mapping with the key '{key}'"
    else:
        place = tree.place(()) or start
        kind = "a list" if isinstance(value, list) else f"the single value {show(value)}"
        message = f"{what} is a mapping with the key '{key}', not {kind}"
        if isinstance(value, str) and ":" in value:
            message += "; a key is followed by ':' and a space"
    wrong = [] if () in tree.lost else [tree.issue(place, (), message)]
    raise SpecError([*tree.issues, *wrong])
