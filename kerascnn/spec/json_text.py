"""Read JSON with the place of every value, within the same limits and with the same mistakes as YAML."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from kerascnn.spec.tree import MAX_DIGITS, Tree, TreeBuilder, whole_number

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9A-Za-z_.])")
_WORD = re.compile(r"-?[A-Za-z_]+")
_State = Callable[[str], Any]
_VALUES = {"true": True, "false": False, "null": None}


def read_json(text: str, file: str) -> Tree:
    """Return the tree of a JSON text. Raises SpecError where it cannot be read on; other mistakes stand in it."""
    return _Reader(text, file).read()


class _Reader:
    """A state machine without recursion: each state takes the next character and returns the state after it."""

    def __init__(self, text: str, file: str):
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.builder = TreeBuilder(file, text)
        self.at = 0
        self.closers: list[str] = []

    def read(self) -> Tree:
        state: _State | None = self.value
        while state is not None:
            match = _SPACE.match(self.text, self.at)
            self.at = match.end() if match else self.at
            state = state(self.text[self.at : self.at + 1])
        return self.builder.tree

    def value(self, char: str) -> _State:
        line, column = self.place()
        if char == "{":
            self.builder.open({}, line, column)
            self.closers.append("}")
            self.at += 1
            return self.first_key
        if char == "[":
            self.builder.open([], line, column)
            self.closers.append("]")
            self.at += 1
            return self.first_item
        self.builder.scalar(self.scalar(char), line, column)
        return self.after_value

    def first_key(self, char: str) -> _State:
        return self.close() if char == "}" else self.key(char)

    def first_item(self, char: str) -> _State:
        return self.close() if char == "]" else self.value(char)

    def next_item(self, char: str) -> _State:
        if char == "]":
            self.fail("a comma stands before a closing bracket; remove it")
        return self.value(char)

    def key(self, char: str) -> _State:
        line, column = self.place()
        if char == "}":
            self.fail("a comma stands before a closing bracket; remove it")
        if char != '"':
            self.fail("should be a key in double quotes")
        self.builder.key(self.string(), line, column)
        return self.colon

    def colon(self, char: str) -> _State:
        if char != ":":
            self.fail("should be ':' between a key and its value")
        self.at += 1
        return self.value

    def after_value(self, char: str) -> _State | None:
        if not self.closers:
            if char:
                self.fail("a spec is one JSON value; something follows it")
            return None
        if char == self.closers[-1]:
            return self.close()
        if char != ",":
            self.fail(f"should be ',' or '{self.closers[-1]}'")
        self.at += 1
        return self.key if self.closers[-1] == "}" else self.next_item

    def close(self) -> _State:
        self.at += 1
        self.closers.pop()
        self.builder.close()
        return self.after_value

    def scalar(self, char: str) -> object:
        if char == '"':
            return self.string()
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return self.number(number)
        word = _WORD.match(self.text, self.at)
        if word and word.group() in _VALUES:
            self.at = word.end()
            return _VALUES[word.group()]
        if word and word.group().lstrip("-") in ("NaN", "Infinity"):
            self.builder.reject(*self.place(), f"should be a finite number (got {word.group()})")
            self.at = word.end()
            return 0.0
        if not char:
            self.fail("the text ends in the middle of a value" if self.closers else "the file is empty")
        self.fail(f"should be a JSON value (got {self.text[self.at : self.at + 20].split()[0]!r})")

    def number(self, match: re.Match[str]) -> object:
        text = match.group()
        if match.group(2) or match.group(3):
            value = float(text)
            if value in (float("inf"), float("-inf")):
                self.builder.reject(*self.place(match.start()), f"is too large for a number (got {text[:40]})")
                return 0.0
            return value
        whole = whole_number(text)
        if whole is None:
            message = f"a whole number has at most {MAX_DIGITS} digits (got {text[:40]})"
            self.builder.reject(*self.place(match.start()), message)
            return 0
        return whole

    def string(self) -> str:
        try:
            value, self.at = scanstring(self.text, self.at + 1, True)
        except JSONDecodeError as error:
            self.at = min(error.pos, len(self.text))
            self.fail(f"is not a well-formed text: {error.msg}")
        # A lone surrogate cannot be written to any file.
        return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def place(self, at: int | None = None) -> tuple[int, int]:
        at = self.at if at is None else at
        line = bisect_right(self.starts, at)
        return line, at - self.starts[line - 1] + 1

    def fail(self, message: str) -> NoReturn:
        self.builder.fail(*self.place(), message)
        raise AssertionError  # `fail` of the builder always raises
