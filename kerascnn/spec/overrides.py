"""`--set a.b.0.c=value`: a change to a spec that goes through the same rules and errors as the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from kerascnn.errors import Issue, SpecError
from kerascnn.spec.messages import show
from kerascnn.spec.tree import MAX_DEPTH, Loc, Place, Tree, clip
from kerascnn.spec.yaml_text import read_yaml

FILE = "--set"


def override(tree: Tree, settings: Sequence[str]) -> None:
    """Put each setting into the tree. In messages, the N-th setting is line N of the file `--set`.

    A value is read as YAML: `0.1`, `true`, `[28, 28]`, `{type: sgd}`. A key that is not there is added; an
    index may be that of an item, or the next one. A setting that cannot be put in is added to the mistakes of
    the tree.
    """
    tree.lines[FILE] = list(settings)
    for number, setting in enumerate(settings, 1):
        try:
            _apply(tree, setting, number)
        except SpecError as error:
            tree.issues.extend(error.issues)


def _apply(tree: Tree, setting: str, number: int) -> None:
    path, equals, text = setting.partition("=")
    start = Place(FILE, number, 1)
    if not equals or not path.strip():
        _fail(tree, start, (), f"should be PATH=VALUE, such as train.seed=1 (got {show(setting)})")
    parts = path.strip().split(".")
    if "" in parts:
        _fail(tree, start, (), f"a part of the path is empty (got {show(path)})")
    if len(parts) > MAX_DEPTH:
        _fail(tree, start, (), f"the path has more than {MAX_DEPTH} parts")
    loc = _locate(tree.value, parts)
    text = text.lstrip()
    start_of_value = Place(FILE, number, len(setting) - len(text) + 1)
    try:
        # Behind as many lines and columns as stand before it, so that all places in it are right.
        part = read_yaml("\n" * (number - 1) + " " * (start_of_value.column - 1) + text, FILE)
    except SpecError as error:
        raise SpecError([_inside(tree, issue, loc) for issue in error.issues]) from None
    _put(tree, loc, part.value, start)
    _enter(tree, part, loc, start, start_of_value)


def _locate(value: Any, parts: Sequence[str]) -> Loc:
    """Return the path with whole numbers for the indices of lists, those that are there and those to come."""
    loc: list[int | str] = []
    for part in parts:
        index = part.isdecimal() and len(part) < 10 and not isinstance(value, dict)
        key = int(part) if index else part
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            value = None
        loc.append(key)
    return tuple(loc)


def _enter(tree: Tree, part: Tree, loc: Loc, key: Place, value: Place) -> None:
    """Put the places and mistakes of a setting's value where those of the old value were."""
    for places in (tree.places, tree.keys):
        for old in [old for old in places if old[: len(loc)] == loc]:
            del places[old]
    tree.keys[loc], tree.places[loc] = key, value
    for target, places in ((tree.places, part.places), (tree.keys, part.keys)):
        target.update({(*loc, *inner): place for inner, place in places.items()})
    tree.lost = {old for old in tree.lost if old[: len(loc)] != loc} | {(*loc, *inner) for inner in part.lost}
    tree.issues[:] = [issue for issue in tree.issues if issue.file == FILE or not _under(issue.path, loc)]
    tree.issues.extend(_inside(tree, issue, loc) for issue in part.issues)


def _inside(tree: Tree, issue: Issue, loc: Loc) -> Issue:
    """Return a mistake of a setting's value as one of the whole tree."""
    path = (*loc, *issue.path.split(".")) if issue.path else loc
    return tree.issue(Place(FILE, issue.line, issue.column), path, issue.message, issue.value)


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
                _fail(tree, start, path, f"is a list: '{clip(part)}' should be the index of an item, from 0 on")
            if part > len(here):
                _fail(
                    tree,
                    start,
                    path,
                    f"has {len(here)} items: {part} is past the next free index, {len(here)}",
                )
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
            _fail(tree, start, path, f"is a single value ({show(here)}): nothing can be set inside it")


def _fail(tree: Tree, place: Place, loc: Loc, message: str) -> NoReturn:
    raise SpecError([tree.issue(place, loc, message)])
