"""Where each part of a YAML text stands, and how a value is written there in the style of what is around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from kerascnn.spec.tree import Loc
from kerascnn.spec.yaml_text import is_text

WIDTH = 110
"""Columns that a line may have before what is written goes onto more lines."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = re.compile(r"[\w./(][\w./\\()^+ -]*(?<! )")
_OLD_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
# What may not stand in a YAML text as it is.
_UNSEEN = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass
class Node:
    """A value, from its first character to behind its last one."""

    start: int
    end: int
    tail: int
    """Behind the line breaks that belong to a block of text; else as `end`."""
    style: str
    """flow, block, or of a single value: its quote, `|`, `>` or ""."""
    entries: list[Entry] = field(default_factory=list)
    is_list: bool = False
    column: int = 0


@dataclass
class Entry:
    """A key or a dash with its value."""

    key: int | str
    start: int
    """Of the key or the dash; in a flow list of the value."""
    after: int
    """Behind the colon or the dash; in a flow list the start of the value."""
    value: Node

    @property
    def end(self) -> int:
        """Behind the value, or behind the colon where there is none."""
        return max(self.after, self.value.end)


@dataclass
class Outline:
    """The values and comments of a text."""

    root: Node
    comments: list[tuple[int, int]]

    def entry(self, loc: Loc) -> Entry | None:
        """Return the entry at a path; None where there is none."""
        node, found = self.root, None
        for part in loc:
            found = next((entry for entry in node.entries if entry.key == part), None)
            if found is None:
                return None
            node = found.value
        return found

    def node(self, loc: Loc) -> Node | None:
        """Return the value at a path; None where there is none."""
        entry = self.entry(loc)
        return self.root if not loc else entry.value if entry else None

    def in_flow(self, loc: Loc) -> bool:
        """Return whether the value at a path stands inside brackets."""
        around = [self.node(loc[:i]) for i in range(len(loc))]
        return any(node is not None and node.style == "flow" for node in around)

    def said_within(self, start: int, end: int) -> list[tuple[int, int]]:
        """Return the comments that begin in a part of the text."""
        return [comment for comment in self.comments if start <= comment[0] < end]


def outline(text: str) -> Outline:
    """Return where everything stands in a text that our reader has read without a mistake."""
    spans: list[tuple[int, int]] = []
    made = yaml.compose(text, Loader=_LOADER)
    whole = _node(made, text, spans)
    comments = _comments(text, sorted(spans))
    _place_dashes(whole, text, comments)
    return Outline(whole, comments)


def _node(made: Any, text: str, spans: list[tuple[int, int]]) -> Node:
    start, end, column = made.start_mark.index, made.end_mark.index, made.start_mark.column
    if isinstance(made, yaml.ScalarNode):
        style = made.style or ""
        words = text[start:end]
        head = words.find("\n") if style in ("|", ">") else 0  # a comment may stand behind the bar
        spans.append((start + head, end))
        stripped = start + len(words.rstrip("\r\n ")) if style in ("|", ">") else end
        return Node(start, stripped, end, style)
    entries = []
    is_list = isinstance(made, yaml.SequenceNode)
    for i, item in enumerate(made.value):
        key, value = (None, item) if is_list else item
        inner = _node(value, text, spans)
        if key is None:
            entries.append(Entry(i, inner.start, inner.start, inner))
            continue
        spans.append((key.start_mark.index, key.end_mark.index))
        colon = text.find(":", key.end_mark.index, max(inner.start, key.end_mark.index))
        after = colon + 1 if colon >= 0 else key.end_mark.index
        entries.append(Entry(key.value, key.start_mark.index, after, inner))
    if not made.flow_style:
        end = entries[-1].end
    return Node(start, end, end, "flow" if made.flow_style else "block", entries, is_list, column)


def _comments(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    found, at, i = [], text.find("#"), 0
    while at >= 0:
        while i < len(spans) and spans[i][1] <= at:
            i += 1
        if i < len(spans) and spans[i][0] <= at:
            at = text.find("#", spans[i][1])
            continue
        end = re.compile(r"[^\r\n]*").match(text, at).end()  # type: ignore[union-attr]
        found.append((at, end))
        at = text.find("#", end)
    return found


def _place_dashes(node: Node, text: str, comments: Sequence[tuple[int, int]]) -> None:
    """Let the items of block lists begin at their dashes."""
    before = node.start
    for entry in node.entries:
        if node.is_list and node.style == "block":
            inside = [comment for comment in comments if before <= comment[0] < entry.value.start]
            gap = list(text[before : max(entry.value.start, before)])
            for start, end in inside:
                gap[start - before : end - before] = " " * (min(end, entry.value.start) - start)
            entry.start = before + "".join(gap).rfind("-")
            entry.after = entry.start + 1
        _place_dashes(entry.value, text, comments)
        before = max(entry.end, entry.value.tail)


def flow(value: Any, quote: str = "") -> str:
    """Return a value on one line.

    >>> flow({"type": "adam", "rates": [1e-05, True, None]})
    '{type: adam, rates: [1e-5, true, null]}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return re.sub(r"e([-+])0(\d)$", r"e\1\2", repr(value))
    return _word(value, quote) if isinstance(value, str) else str(value)


def _word(text: str, quote: str) -> str:
    clean = not _UNSEEN.search(text)
    if clean and quote == "'":
        return "'" + text.replace("'", "''") + "'"
    plain = clean and _PLAIN.fullmatch(text) and is_text(text) and text.lower() not in _OLD_WORDS
    if plain and quote != '"':
        return text
    inside = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _UNSEEN.sub(_escape, inside) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _ESCAPES.get(char) or f"\\u{ord(char):04x}"


def fits_one_line(value: Any, room: int) -> bool:
    """Return whether a value is written on one line: lists of components have one for each."""
    if isinstance(value, list) and any(isinstance(item, dict | list) and item for item in value):
        return False
    if isinstance(value, dict) and not all(fits_one_line(item, room) for item in value.values()):
        return False
    return not isinstance(value, dict | list) or not value or len(flow(value)) <= room


def block(head: str, value: Any, indent: int, offset: int) -> list[str]:
    """Return the lines of `head` (a key with its colon, or a dash) and its value, from this column on."""
    pad = " " * indent
    if fits_one_line(value, WIDTH - indent - len(head)):
        return [f"{pad}{head} {flow(value)}"]
    if isinstance(value, list):
        deeper = indent + (offset if head != "-" else 2)
        lines = [line for item in value for line in block("-", item, deeper, offset)]
    else:
        lines = [line for key, item in value.items() for line in block(f"{flow(key)}:", item, indent + 2, offset)]
    if head == "-":
        return [f"{pad}- {lines[0].lstrip()}", *lines[1:]]
    return [f"{pad}{head}", *lines]
