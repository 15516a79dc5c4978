"""A spec as plain data in which every value knows its place in the text, built within hard limits.

Both readers, YAML and JSON, feed a `TreeBuilder`; so limits, duplicate keys and places are the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kerascnn.errors import Issue, SpecError

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_VALUES = 50_000
MAX_SCALAR = 64 << 10
MAX_DIGITS = 19

Loc = tuple[int | str, ...]


class Place(NamedTuple):
    """A position in a text; line and column count from 1, in characters."""

    file: str
    line: int
    column: int


@dataclass
class Tree:
    """Plain data with the places of its values and keys, and the mistakes found while reading."""

    value: Any = None
    places: dict[Loc, Place] = field(default_factory=dict)
    keys: dict[Loc, Place] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    lines: dict[tuple[str, int], str] = field(default_factory=dict)

    def place(self, loc: Loc, *, of_key: bool = False) -> Place | None:
        """Return the place of a value (or of its key), or of the nearest part around it that has one."""
        if of_key and loc in self.keys:
            return self.keys[loc]
        while loc not in self.places:
            if not loc:
                return None
            loc = loc[:-1]
        return self.places[loc]

    def issue(self, place: Place, loc: Loc, message: str, value: Any = None, suggestion: str | None = None) -> Issue:
        """Return an issue at a place of this tree."""
        line = self.lines.get((place.file, place.line), "")
        path = ".".join(map(str, loc))
        return Issue(place.file, place.line, place.column, path, message, value, suggestion, line)


class TreeBuilder:
    """Builds a Tree from the events of a reader. Raises SpecError at once where a limit is passed."""

    def __init__(self, file: str, text: str):
        self.file = file
        self.tree = Tree(lines={(file, number): line for number, line in enumerate(text.splitlines(), 1)})
        self._stack: list[tuple[Any, Loc]] = []
        self._key: str | None = None
        self._skip = 0
        self._count = 0

    @property
    def done(self) -> bool:
        """Whether the outermost value is complete."""
        return not self._stack and () in self.tree.places

    def loc(self) -> Loc:
        """Return the path of the value that comes next."""
        if not self._stack:
            return ()
        container, loc = self._stack[-1]
        if isinstance(container, list):
            return (*loc, len(container))
        return loc if self._key is None else (*loc, self._key)

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is the key of a mapping."""
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and self._key is None and not self._skip

    def open(self, container: dict[str, Any] | list[Any], line: int, column: int) -> None:
        """Start a mapping or a list."""
        if len(self._stack) + self._skip >= MAX_DEPTH:
            self.fail(line, column, f"is nested more than {MAX_DEPTH} levels deep")
        if self.wants_key:
            self.fail(line, column, "a key should be a word, not a list or a mapping")
        if self._skip:
            self._skip += 1
            return
        loc = self.loc()
        if self._add(container, line, column):
            self._stack.append((container, loc))
            self._key = None
        else:
            self._skip = 1

    def close(self) -> None:
        """End the mapping or list that was started last."""
        if self._skip:
            self._skip -= 1
        else:
            self._stack.pop()
        if not self._skip and self._stack and self._stack[-1][0].__class__ is dict:
            self._key = None

    def key(self, name: Any, line: int, column: int) -> None:
        """Take the key of a mapping."""
        if self._skip:
            return
        _, loc = self._stack[-1]
        place = Place(self.file, line, column)
        if not isinstance(name, str):
            shown = {True: "true", False: "false", None: "null"}.get(name, name)
            self.report(place, loc, f"a key should be text; write \"{shown}\" in quotes if it is meant as a name")
            name = f"\0{shown}"
        elif name == "<<":
            self.report(place, loc, "merge keys (<<) are not part of a spec; write the values out")
            name = "\0<<"
        self._key = name
        first = self.tree.keys.get((*loc, name))
        if first is not None:
            self.report(place, (*loc, name), f"the key '{name}' stands here twice; the first is on line {first.line}")
            self._key = "\0again"
        else:
            self.tree.keys[(*loc, name)] = place

    def scalar(self, value: Any, line: int, column: int) -> None:
        """Take a text, a number, a truth value or nothing."""
        if isinstance(value, str) and len(value) > MAX_SCALAR:
            self.fail(line, column, f"a text of {len(value)} characters is too long; the limit is {MAX_SCALAR}")
        if not self._skip:
            self._add(value, line, column)
            if self._stack and self._stack[-1][0].__class__ is dict:
                self._key = None

    def report(self, place: Place, loc: Loc, message: str, value: Any = None) -> None:
        """Note a mistake and go on."""
        self.tree.issues.append(self.tree.issue(place, loc, message, value))

    def reject(self, line: int, column: int, message: str) -> None:
        """Note that the value that comes next is wrong, and go on."""
        self.report(Place(self.file, line, column), self.loc(), message)

    def fail(self, line: int, column: int, message: str) -> None:
        """Stop reading: nothing sound can follow. Raises SpecError with all that was found."""
        loc = tuple(part for part in self.loc() if not str(part).startswith("\0"))
        issue = self.tree.issue(Place(self.file, line, column), loc if len(loc) < 8 else loc[:8], message)
        raise SpecError([*self.tree.issues, issue])

    def _add(self, value: Any, line: int, column: int) -> bool:
        self._count += 1
        if self._count > MAX_VALUES:
            self.fail(line, column, f"a spec holds at most {MAX_VALUES} values")
        loc = self.loc()
        if loc and str(loc[-1]).startswith("\0"):
            return False
        if not self._stack:
            self.tree.value = value
        elif isinstance(self._stack[-1][0], list):
            self._stack[-1][0].append(value)
        else:
            self._stack[-1][0][self._key] = value
        self.tree.places[loc] = Place(self.file, line, column)
        return True


def whole_number(digits: str) -> int | None:
    """Return the number, or None where it has more digits than a spec may hold."""
    return int(digits) if len(digits.lstrip("+-")) <= MAX_DIGITS else None
