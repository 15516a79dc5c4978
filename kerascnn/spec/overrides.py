"""`--set a.b.0.c=value`: a change to a spec that goes through the same rules and errors as the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn

from kerascnn.errors import SpecError
from kerascnn.spec.tree import Loc, Place, Tree
from kerascnn.spec.yaml_text import read_yaml

FILE = "--set"


def override(tree: Tree, settings: Sequence[str]) -> None:
    """Put each setting into the tree. In messages, the N-th setting is line N of the file `--set`.

    A value is read as YAML: `0.1`, `true`, `[28, 28]`, `{type: sgd}`. A key that is not there is added; an index may be
    that of an item, or the next one. Raises SpecError.
    """
    for number, setting in enumerate(settings, 1):
        tree.lines[FILE, number] = setting
        path, equals, text = setting.partition("=")
        start = Place(FILE, number, 1)
        if not equals or not path.strip():
            _fail(tree, start, (), f"should be PATH=VALUE, such as train.seed=1 (got '{setting}')")
        loc = tuple(int(part) if part.isdecimal() else part for part in path.strip().split("."))
        if "" in loc:
            _fail(tree, start, (), f"a part of the path is empty (got '{path}')")
        if len(loc) > 64:
            _fail(tree, start, (), "the path has more than 64 parts")
        _put(tree, loc, _read(tree, text, number, len(path) + 1, loc), start)


def _read(tree: Tree, text: str, number: int, offset: int, loc: Loc) -> Any:
    """Return the value of a setting, with the places of its parts entered under `loc`."""
    shift = offset + len(text) - len(text.lstrip())
    try:
        part = read_yaml(text.strip(), FILE)
    except SpecError as error:
        issue = error.issues[-1]
        _fail(tree, Place(FILE, number, issue.column + shift), loc, issue.message)
    for old in [key for key in (*tree.places, *tree.keys) if key[: len(loc)] == loc]:
        tree.places.pop(old, None)
        tree.keys.pop(old, None)
    tree.places[loc] = Place(FILE, number, shift + 1)
    for target, places in ((tree.places, part.places), (tree.keys, part.keys)):
        for inner, place in places.items():
            target[(*loc, *inner)] = Place(FILE, number, place.column + shift)
    for issue in part.issues:
        place = Place(FILE, number, issue.column + shift)
        inner_loc = (*loc, *issue.path.split(".")) if issue.path else loc
        tree.issues.append(tree.issue(place, inner_loc, issue.message, issue.value))
    tree.issues[:] = [issue for issue in tree.issues if issue.file == FILE or not _under(issue.path, loc)]
    return part.value


def _under(path: str, loc: Loc) -> bool:
    prefix = ".".join(map(str, loc))
    return path == prefix or path.startswith(f"{prefix}.")


def _put(tree: Tree, loc: Loc, value: Any, start: Place) -> None:
    """Set the value at its path, making the mappings and lists that are missing on the way."""
    here = tree.value
    for depth, part in enumerate(loc):
        path = loc[:depth]
        last = depth == len(loc) - 1
        fresh: Any = value if last else ([] if isinstance(loc[depth + 1], int) else {})
        if isinstance(here, list):
            if not isinstance(part, int):
                _fail(tree, start, path, f"is a list: '{part}' should be the index of an item, from 0 on")
            if part > len(here):
                _fail(tree, start, path, f"has {len(here)} items: {part} is past the next free index, {len(here)}")
            if part == len(here):
                here.append(fresh)
            elif last or here[part] is None:
                here[part] = fresh
            here = here[part]
        elif isinstance(here, dict):
            key = str(part)
            if last or here.get(key) is None:
                here[key] = fresh
            tree.keys.setdefault((*path, key), start)
            here = here[key]
        else:
            _fail(tree, start, path, f"is a single value ({here!r}): nothing can be set inside it")


def _fail(tree: Tree, place: Place, loc: Loc, message: str) -> NoReturn:
    raise SpecError([tree.issue(place, loc, re.sub(r"\s+", " ", message))])
