"""A spec as plain data in which every value knows its place in the text, built within hard limits.

All readers (YAML, JSON, Python data) feed a `TreeBuilder`; so limits, duplicate keys and places are the same
in all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from pydantic import BaseModel

from kerascnn.errors import Issue, SpecError

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_VALUES = 50_000
MAX_SCALAR = 64 << 10
MAX_DIGITS = 19
MAX_NUMBER = 400
MAX_ISSUES = 100

LINE_BREAK = re.compile(r"\r\n|\r|\n")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Loc = tuple[int | str, ...]


class Place(NamedTuple):
    """A position in a text; line and column count from 1, in characters, and are 0 where there is no text."""

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
    lost: set[Loc] = field(default_factory=set)
    """Where a value could not be read, and None stands in for it; or the key `<<`, whose values are not merged in."""
    lines: dict[str, list[str]] = field(default_factory=dict)
    """The lines of each file."""

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
        lines = self.lines.get(place.file, [])
        line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
        # One character for one, so that a caret under the line still points at the mistake.
        line = _UNSEEN.sub(lambda match: match.group() if match.group() in "\t\xa0" else "\ufffd", line)
        path = ".".join(seen(clip(str(part))) for part in loc)
        return Issue(place.file, place.line, place.column, path, seen(message), value, suggestion, line)


class TreeBuilder:
    """Builds a Tree from the events of a reader. Raises SpecError at once where a limit is passed."""

    def __init__(self, file: str, text: str):
        self.file = file
        self.tree = Tree(lines={file: LINE_BREAK.split(text)})
        self._stack: list[tuple[dict[str, Any] | list[Any], Loc]] = []
        self._key: str | None = None
        self._refused = False
        self._skip = 0
        self._count = 0

    def loc(self) -> Loc:
        """Return the path of the value that comes next, or of the mapping around it while it has no key."""
        if not self._stack:
            return ()
        container, loc = self._stack[-1]
        if isinstance(container, list):
            return (*loc, len(container))
        return loc if self._key is None else (*loc, self._key)

    def around(self) -> Loc:
        """Return the path of the mapping or list that is open."""
        return self._stack[-1][1] if self._stack else ()

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is the key of a mapping."""
        inside = bool(self._stack) and isinstance(self._stack[-1][0], dict)
        return inside and self._key is None and not self._refused and not self._skip

    def open(self, container: dict[str, Any] | list[Any], line: int, column: int) -> None:
        """Start a mapping or a list."""
        if len(self._stack) + self._skip >= MAX_DEPTH:
            self.fail(line, column, f"is nested more than {MAX_DEPTH} levels deep")
        if self.wants_key:
            self.fail(
                line, column, "a key should be a word, not a list or a mapping; put a text with brackets in quotes"
            )
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
        if not self._skip:
            self._value_done()

    def key(self, name: str, line: int, column: int) -> None:
        """Take the key of a mapping."""
        if self._skip:
            return
        if len(name) > MAX_SCALAR:
            self.fail(line, column, f"a key of {len(name)} characters is too long; the limit is {MAX_SCALAR}")
        loc = (*self.loc(), name)
        first = self.tree.keys.get(loc)
        if first is None:
            self.tree.keys[loc] = Place(self.file, line, column)
            self._key = name
        else:
            self._refused = True
            message = f"the key '{clip(name)}' stands here twice; the first is on line {first.line}"
            self._report(line, column, loc, message)

    def refuse_key(self, line: int, column: int, message: str) -> None:
        """Note that the key that comes next is wrong, and leave it out with what stands under it."""
        if not self._skip:
            self._refused = True
            self._report(line, column, self.loc(), message)

    def scalar(self, value: Any, line: int, column: int) -> None:
        """Take a text, a number, a truth value or nothing."""
        if isinstance(value, str) and len(value) > MAX_SCALAR:
            self.fail(line, column, f"a text of {len(value)} characters is too long; the limit is {MAX_SCALAR}")
        if not self._skip:
            self._add(value, line, column)
            self._value_done()

    def remark(self, line: int, column: int, message: str) -> None:
        """Note a mistake about the value or key that comes next, and go on."""
        if not self._skip and not self._refused:
            self._report(line, column, self.loc(), message)

    def reject(self, line: int, column: int, message: str) -> None:
        """Note that the value that comes next cannot be read; what is taken for it only fills its place."""
        if not self._skip and not self._refused:
            self.tree.lost.add(self.loc())
            self._report(line, column, self.loc(), message)

    def fail(self, line: int, column: int, message: str, loc: Loc | None = None) -> NoReturn:
        """Stop reading: nothing sound can follow. Raises SpecError with all that was found."""
        loc = (self.loc() if loc is None else loc)[:8]
        raise SpecError([*self.tree.issues, self.tree.issue(Place(self.file, line, column), loc, message)])

    def _report(self, line: int, column: int, loc: Loc, message: str) -> None:
        if len(self.tree.issues) >= MAX_ISSUES:
            self.fail(line, column, f"there are more than {MAX_ISSUES} mistakes; the rest is not read", ())
        self.tree.issues.append(self.tree.issue(Place(self.file, line, column), loc, message))

    def _add(self, value: Any, line: int, column: int) -> bool:
        self._count += 1
        if self._count > MAX_VALUES:
            self.fail(line, column, f"a spec holds at most {MAX_VALUES} values")
        if self._refused:
            return False
        loc = self.loc()
        if not self._stack:
            self.tree.value = value
        else:
            container = self._stack[-1][0]
            if isinstance(container, list):
                container.append(value)
            else:
                assert self._key is not None
                container[self._key] = value
        self.tree.places[loc] = Place(self.file, line, column)
        return True

    def _value_done(self) -> None:
        self._refused = False
        if self._stack and isinstance(self._stack[-1][0], dict):
            self._key = None


def read_data(data: Any, file: str) -> Tree:
    """Return the tree of plain Python data, within the same limits as a text; places have no lines."""
    builder = TreeBuilder(file, "")
    _walk(data, builder)
    return builder.tree


def _walk(value: Any, builder: TreeBuilder) -> None:
    if isinstance(value, Mapping):
        builder.open({}, 0, 0)
        for key, item in value.items():
            mistake = surrogate(key) if isinstance(key, str) else f"should be text (got {clip(repr(key))})"
            if mistake:
                builder.refuse_key(0, 0, f"a key {mistake}")
            else:
                builder.key(key, 0, 0)
            _walk(item, builder)
        builder.close()
    elif isinstance(value, list | tuple):
        builder.open([], 0, 0)
        for item in value:
            _walk(item, builder)
        builder.close()
    else:
        mistake = _not_plain(value)
        if mistake:
            builder.reject(0, 0, mistake)
        builder.scalar(None if mistake else value, 0, 0)


def _not_plain(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 10**MAX_DIGITS:
        return f"a whole number has at most {MAX_DIGITS} digits"
    if isinstance(value, float) and not math.isfinite(value):
        return f"should be a finite number (got {value})"
    if isinstance(value, str):
        return surrogate(value)
    if value is None or isinstance(value, int | float | BaseModel):
        return ""
    kind = type(value).__name__
    return f"should be a text, a number, true, false, null, a list or a mapping (got the Python type {kind})"


def surrogate(text: str) -> str:
    """Return what is wrong with a text with half a character, which no file can hold, or ""."""
    half = _SURROGATE.search(text)
    return f"holds half a character, {half.group()}; remove it" if half else ""


def read_number(text: str) -> tuple[int | float | None, str]:
    """Return a decimal number, or None and what is wrong with it."""
    if text.lstrip("+-").isdecimal():
        whole = int(text) if len(text.lstrip("+-")) <= MAX_DIGITS else None
        return whole, "" if whole is not None else f"a whole number has at most {MAX_DIGITS} digits"
    if len(text) > MAX_NUMBER:
        return None, f"a number has at most {MAX_NUMBER} characters"
    number = float(text)
    return (number, "") if math.isfinite(number) else (None, "is too large for a number")


def clip(text: str, limit: int = 60) -> str:
    """Return a text, cut where it is too long for a message."""
    return text if len(text) <= limit else f"{text[:limit]}..."


def seen(text: str) -> str:
    r"""Return a text on one line, in which characters that are not seen stand as escapes.

    >>> seen("a\nb\u200b")
    'a\\nb\\u200b'
    """
    return _UNSEEN.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
