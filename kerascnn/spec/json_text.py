"""Read JSON with the place of every value, within the same limits and with the same mistakes as YAML."""

from __future__ import annotations

import re
from collections.abc import Callable
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from kerascnn.spec.tree import LINE_BREAK, Tree, TreeBuilder, clip, read_number, surrogate

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![0-9A-Za-z_.])")
_WORD = re.compile(r'"[^"\n]*"?|[^\s,:{}\[\]"]+|.', re.DOTALL)
_State = Callable[[str], Any]
_VALUES = {"true": True, "false": False, "null": None}
_MEANT = {"True": "true", "False": "false", "None": "null", "TRUE": "true", "FALSE": "false", "NULL": "null"}


def read_json(text: str, file: str) -> Tree:
    """Return the tree of a JSON text, with its mistakes. Raises SpecError where it cannot be read on."""
    return _Reader(text, file).read()


class _Reader:
    """A state machine without recursion: a state takes the next character and returns the state after it."""

    def __init__(self, text: str, file: str):
        self.text = text
        self.builder = TreeBuilder(file, text)
        self.at = 0
        self.line = 1
        self.line_start = 0
        self.closers: list[tuple[str, int, int]] = []

    def read(self) -> Tree:
        state: _State | None = self.value
        while state is not None:
            self.skip_space()
            char = self.text[self.at : self.at + 1]
            if char in ("/", "#"):
                self.fail("JSON has no comments; remove it")
            if not char and self.closers:
                closer, line, column = self.closers[-1]
                bracket = "{" if closer == "}" else "["
                message = f"the bracket '{bracket}' that opens here is not closed"
                self.builder.fail(line, column, message, self.builder.around())
            state = state(char)
        return self.builder.tree

    def skip_space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space is not None  # it may be empty
        # Only here can a line end: a text in quotes may not hold a line break.
        for line_break in LINE_BREAK.finditer(self.text, *space.span()):
            self.line, self.line_start = self.line + 1, line_break.end()
        self.at = space.end()

    def value(self, char: str) -> _State:
        line, column = self.place()
        if char in ("{", "["):
            self.builder.open({} if char == "{" else [], line, column)
            self.closers.append(("}" if char == "{" else "]", line, column))
            self.at += 1
            return self.first_key if char == "{" else self.first_item
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
            self.fail(f"should be a key in double quotes (got {self.word()})")
        name = self.string()
        mistake = surrogate(name)
        if mistake:
            self.builder.refuse_key(line, column, f"a key {mistake}")
        else:
            self.builder.key(name, line, column)
        return self.colon

    def colon(self, char: str) -> _State:
        if char != ":":
            self.fail(f"should be ':' between a key and its value (got {self.word()})")
        self.at += 1
        return self.value

    def after_value(self, char: str) -> _State | None:
        if not self.closers:
            if char:
                self.fail("a spec is one JSON value; something follows it")
            return None
        closer = self.closers[-1][0]
        if char == closer:
            return self.close()
        if char != ",":
            self.fail(f"should be ',' or '{closer}' before this (got {self.word()})")
        self.at += 1
        return self.key if closer == "}" else self.next_item

    def close(self) -> _State:
        self.at += 1
        self.closers.pop()
        self.builder.close()
        return self.after_value

    def scalar(self, char: str) -> object:
        if char == '"':
            return self.text_value()
        number = _NUMBER.match(self.text, self.at)
        if number:
            value, mistake = read_number(number.group())
            if mistake:
                self.builder.reject(*self.place(), f"{mistake} (got {clip(number.group())})")
            self.at = number.end()
            return value
        if not char:
            self.fail("the file is empty; a spec is a mapping with the key 'kerascnn'")
        word = self.word()
        if word in _VALUES:
            self.at += len(word)
            return _VALUES[word]
        if word.lstrip("-") in ("NaN", "Infinity"):
            self.builder.reject(*self.place(), f"should be a finite number (got {word})")
            self.at += len(word)
            return None
        self.fail(f"{_expected(word)} (got {word})")

    def word(self) -> str:
        word = _WORD.match(self.text, self.at)
        return clip(word.group()) if word else "nothing"

    def text_value(self) -> str | None:
        line, column = self.place()
        value = self.string()
        mistake = surrogate(value)
        if mistake:
            self.builder.reject(line, column, mistake)
        return None if mistake else value

    def string(self) -> str:
        start = self.at
        try:
            value, self.at = scanstring(self.text, start + 1, True)
        except JSONDecodeError as error:
            self.at = min(error.pos, len(self.text))
            char = self.text[self.at : self.at + 1]
            if "Unterminated" in error.msg:
                self.at = start
                self.fail("the quote that opens here is not closed")
            if char in ("\n", "\r"):
                self.fail("a text ends on the line that it begins on; close its quote, or write a line break as \\n")
            if "control character" in error.msg:
                self.fail(f"the character U+{ord(char):04X} may not stand in a text; write it as \\u{ord(char):04x}")
            self.fail("a backslash begins an escape, and this is none; write a backslash itself as \\\\")
        return str(value)

    def place(self) -> tuple[int, int]:
        return self.line, self.at - self.line_start + 1

    def fail(self, message: str) -> NoReturn:
        self.builder.fail(*self.place(), message)


def _expected(word: str) -> str:
    """Return what should stand in place of a word that is no JSON value."""
    if word in _MEANT:
        return f"should be {_MEANT[word]}"
    if word[0] == "'":
        return "should be a text in double quotes"
    if word[0] in "-+.0123456789":
        return "should be a number as JSON spells it, such as 12, -0.5 or 1e-3"
    if word[0].isalpha():
        return "should be a value; a text stands in double quotes"
    return "should be a value"
