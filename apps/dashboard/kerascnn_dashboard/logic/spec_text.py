"""The text of a spec that is changed in places and else stays as it is: comments, quotes, order and blank lines."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from kerascnn.errors import KerasCnnError, SpecError, UsageError
from kerascnn.spec.load import parse_spec
from kerascnn.spec.tree import Loc, read_data
from kerascnn_dashboard.logic.yaml_edit import FILE, YamlEdit, same

_BOM = "\ufeff"


class SpecText:
    """A spec's text. Raises SpecError, with file, line and column, where it cannot be read.

    Paths are dotted as for `--set`: "train.stages.0.epochs". What is wrong with values is not looked at here.
    """

    def __init__(self, text: str):
        self._bom = _BOM if text.startswith(_BOM) else ""
        self._edit = YamlEdit(text.removeprefix(_BOM))

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self._bom + self._edit.text

    @property
    def data(self) -> dict[str, Any]:
        """What it says, as plain data."""
        return copy.deepcopy(self._edit.data)

    def get(self, path: str, default: Any = None) -> Any:
        """Return the value at a path, or the default where the text says none."""
        found = self._edit.find(self._loc(path))
        return copy.deepcopy(found[0]) if found else default

    def has(self, path: str) -> bool:
        """Return whether the text says something at a path, be it null."""
        return bool(self._edit.find(self._loc(path)))

    def set(self, path: str, value: Any) -> None:
        """Let the text say this at a path, which may be new: a key, or the next item of a list.

        Raises UsageError where the path leads through a single value, SpecError for what no spec can hold.
        """
        tree = read_data({path: value}, FILE)
        if tree.issues:
            raise SpecError(tree.issues)
        plain = tree.value[path]
        loc = self._loc(path)
        self._change(path, lambda: self._edit.put(loc, plain), lambda data: _put_into(data, loc, plain))

    def remove(self, path: str) -> None:
        """Take a key or an item out; nothing happens where it is not there. Its comments stay."""
        if self.has(path):
            loc = self._loc(path)
            self._change(path, lambda: self._edit.drop(loc), lambda data: _drop_from(data, loc))

    def move(self, path: str, to: int) -> None:
        """Put an item of a list to another place in it, with the comments above it. Raises UsageError."""
        loc = self._loc(path)
        items, index = self._edit.find(loc[:-1]), loc[-1] if loc else ""
        if not items or not isinstance(items[0], list) or not isinstance(index, int) or not 0 <= to < len(items[0]):
            raise UsageError(f"{path} has no place {to} to go to")

        def swap() -> None:
            steps = range(index, to) if to > index else range(index - 1, to - 1, -1)
            for first in steps:
                self._edit.swap(loc[:-1], first)

        self._change(path, swap, lambda data: _move_in(data, loc, to))

    def _loc(self, path: str) -> Loc:
        """Return a path with whole numbers for the items of lists."""
        loc: Loc = ()
        for part in path.split(".") if path else []:
            around = self._edit.find(loc)
            index = part.isdecimal() and len(part) < 10 and not (around and isinstance(around[0], dict))
            loc = (*loc, int(part) if index else part)
        return loc

    def _change(self, path: str, change: Callable[[], None], model: Callable[[Any], None]) -> None:
        """Change the text, and see to it that the data changed in the same way and nowhere else."""
        if not path or "" in path.split("."):
            raise UsageError(f"'{path}' is no path in a spec")
        before, expected = self._edit.text, self.data
        model(expected)
        try:
            change()
            if same(self._edit.data, expected):
                return
        except KerasCnnError:
            pass  # said below, in words that help
        self._edit.take(before)
        raise UsageError(f"{path} cannot be changed here, as the text around it is written; change it in the YAML")


def difference(old: str, new: str) -> list[tuple[str, Any, Any]]:
    """Return each value that differs between two specs, defaults filled in: path, the old one, the new one.

    None stands for what is left out or not there. Raises SpecError where one of them is wrong.
    """
    return list(_differs("", parse_spec(old).spell(), parse_spec(new).spell()))


def _differs(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    pairs: list[tuple[Any, Any, Any]] = []
    if isinstance(old, dict) and isinstance(new, dict):
        pairs = [(key, old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
    elif isinstance(old, list) and isinstance(new, list) and any(isinstance(one, dict | list) for one in (*old, *new)):
        longest = range(max(len(old), len(new)))
        pairs = [(i, old[i] if i < len(old) else None, new[i] if i < len(new) else None) for i in longest]
    elif not same(old, new):
        yield path, old, new
    for key, one, two in pairs:
        yield from _differs(f"{path}.{key}" if path else str(key), one, two)


def _put_into(data: Any, loc: Loc, value: Any) -> None:
    for i, part in enumerate(loc):
        last = i == len(loc) - 1
        fresh: Any = value if last else ([] if loc[i + 1] == 0 else {})
        if isinstance(data, list) and isinstance(part, int) and part <= len(data):
            if part == len(data):
                data.append(fresh)
            elif last or data[part] is None:
                data[part] = fresh
        elif isinstance(data, dict):
            part = str(part)
            if last or data.get(part) is None:
                data[part] = fresh
        else:
            here = ".".join(map(str, loc[:i]))
            raise UsageError(f"nothing can be set at {'.'.join(map(str, loc))}: {here} has no place for '{part}'")
        data = data[part]


def _drop_from(data: Any, loc: Loc) -> None:
    for part in loc[:-1]:
        data = data[part]
    del data[loc[-1]]


def _move_in(data: Any, loc: Loc, to: int) -> None:
    for part in loc[:-1]:
        data = data[part]
    data.insert(to, data.pop(loc[-1]))
