"""Changes a YAML text in one place, and leaves every other character of it as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from kerascnn.errors import SpecError, UsageError
from kerascnn.spec.load import read_tree
from kerascnn.spec.tree import Loc
from kerascnn_dashboard.logic.yaml_nodes import WIDTH, Entry, Node, Outline, block, fits_one_line, flow, outline

FILE = "spec.yaml"


class YamlEdit:
    """A text with what it says. Paths are tuples, with numbers for the items of lists.

    Its changes are to be compared with what was meant: a text may be written in ways that they do not foresee.
    """

    def __init__(self, text: str):
        self.take(text)

    def take(self, text: str) -> None:
        """Read this text in the place of the one that was. Raises SpecError with every mistake."""
        tree = read_tree(text, FILE)
        if tree.issues:
            raise SpecError(tree.issues)
        self.text = text
        self.data: dict[str, Any] = tree.value
        self._outline: Outline = outline(text)

    def find(self, loc: Loc) -> tuple[Any] | None:
        """Return the value at a path in a tuple; None where there is none."""
        found: tuple[Any] | None = (self.data,)
        for key in loc:
            found = _inside(found[0], key) if found else None
        return found

    def _splice(self, start: int, end: int, new: str, *, keep: bool = True) -> None:
        """Put `new` in the place of a part; comments in the part go onto lines of their own above it."""
        text = self.text
        kept = self._outline.said_within(start, end) if keep else []
        line = _line_start(text, start)
        indent = text[line:start][: len(text[line:start]) - len(text[line:start].lstrip())]
        above = "".join(f"{indent}{text[a:b]}{self._break}" for a, b in kept)
        self.take(text[:line] + above + text[line:start] + new + text[end:])

    @property
    def _break(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def _offset(self) -> int:
        """How far the dashes of this text stand behind the key above them."""
        return next(_offsets(self._outline.root, 0), 2)

    def put(self, loc: Loc, value: Any) -> None:
        """Set a value. Of mappings and lists only what differs is touched."""
        found = self.find(loc)
        if not found:
            self._add(loc, value)
            return
        old = found[0]
        if same(old, value):
            return
        if isinstance(old, dict) and isinstance(value, dict) and old and value:
            gone = [key for key in old if key not in value]
            first = len(gone) < len(old)  # what is empty is written in another way
            for key in gone if first else ():
                self.drop((*loc, key))
            for key, item in value.items():
                self.put((*loc, key), item)
            for key in () if first else gone:
                self.drop((*loc, key))
        elif isinstance(old, list) and isinstance(value, list) and old and value:
            for i, item in enumerate(value):
                self.put((*loc, i), item)
            for i in reversed(range(len(value), len(old))):
                self.drop((*loc, i))
        else:
            self._replace(loc, value)

    def _replace(self, loc: Loc, value: Any) -> None:
        entry = self._outline.entry(loc)
        assert entry is not None
        node = entry.value
        column = entry.start - _line_start(self.text, entry.start)
        single = not isinstance(value, dict | list) or not value
        room = WIDTH - (node.start - _line_start(self.text, node.start))
        if single or self._outline.in_flow(loc) or fits_one_line(value, room):
            quote = node.style if node.style in ("'", '"') else ""
            inside = node.style not in ("block", "|", ">") and node.end > node.start
            start = node.start if inside else entry.after
            colon = "" if inside or self.text[start - 1] in ":-" else ":"
            self._splice(start, node.end, ("" if inside else f"{colon} ") + flow(value, quote))
            return
        head = "-" if isinstance(loc[-1], int) else ":"
        lines = block(head, value, column, self._offset)
        self._splice(entry.after, node.end, self._break.join(lines)[column + 1 :])

    def _add(self, loc: Loc, value: Any) -> None:
        """Add what is not there, with the sections and lists on the way to it."""
        depth = next(depth for depth in reversed(range(len(loc))) if self.find(loc[:depth]))
        for part in reversed(loc[depth + 1 :]):
            value = [value] if part == 0 else {str(part): value}
        around, key = loc[:depth], loc[depth]
        node, old = self._outline.node(around), self.find(around)
        assert node is not None
        assert old is not None
        if not node.entries and around:
            fresh = [value] if key == 0 and not isinstance(old[0], dict) else {str(key): value}
            self._replace(around, fresh)
        elif not node.entries:
            self._splice(node.start, node.end, self._break.join(block(f"{flow(str(key))}:", value, 0, 2)))
        elif node.style == "flow":
            self._add_in_flow(node, key, value)
        else:
            self._add_line(node, key, value)

    def _add_in_flow(self, node: Node, key: int | str, value: Any) -> None:
        last = node.entries[-1]
        new = flow(value) if isinstance(key, int) else f"{flow(key)}: {flow(value)}"
        first = node.entries[0].start - _line_start(self.text, node.entries[0].start)
        here = last.end - _line_start(self.text, last.end)
        wrap = here + len(new) > WIDTH >= first + len(new) and first < WIDTH // 3
        gap = f"{self._break}{' ' * first}" if wrap else " "
        self._splice(last.end, last.end, f",{gap}{new}")

    def _add_line(self, node: Node, key: int | str, value: Any) -> None:
        at = max(_line_end(self.text, node.end), _deepest(node).tail)
        lines = block("-" if isinstance(key, int) else f"{flow(key)}:", value, node.column, self._offset)
        new = self._break.join(lines)
        if self.text[:at].endswith("\n"):
            self._splice(at, at, new + self._break)
        else:
            self._splice(at, at, self._break + new + ("" if self.text[at:] else self._break))

    def drop(self, loc: Loc) -> None:
        """Take a key or an item out."""
        entry, node = self._outline.entry(loc), self._outline.node(loc[:-1])
        assert entry is not None
        assert node is not None
        at = node.entries.index(entry)
        if len(node.entries) == 1 and loc[:-1]:
            self._replace(loc[:-1], [] if node.is_list else {})
        elif node.style == "flow":
            self._drop_in_flow(node, at)
        else:
            self._drop_lines(node, at)

    def _drop_in_flow(self, node: Node, at: int) -> None:
        entry, text = node.entries[at], self.text
        if at + 1 < len(node.entries):
            comma = self._comma(entry.end, node.entries[at + 1].start)
            end = comma + 1
            while text[end : end + 1] == " " and (end + 1 < len(text) and text[end + 1] not in " #"):
                end += 1
            self._splice(entry.start, end, "")
            return
        if at == 0:
            self._splice(entry.start, entry.end, "")
            return
        comma = self._comma(node.entries[at - 1].end, entry.start)
        if text[comma + 1 : entry.start].isspace() or comma + 1 == entry.start:
            self._splice(comma, entry.end, "")
        else:  # comments stand between: they keep their lines
            after = text[comma + 1 : entry.start]
            self._splice(comma, entry.end, after.rstrip(" "), keep=False)

    def _comma(self, start: int, end: int) -> int:
        for a, b in self._outline.said_within(start, end):
            comma = self.text.find(",", start, a)
            if comma >= 0:
                return comma
            start = b
        return self.text.index(",", start, end)

    def _drop_lines(self, node: Node, at: int) -> None:
        entry, text = node.entries[at], self.text
        line = _line_start(text, entry.start)
        if text[line : entry.start].strip(" "):  # it stands behind a dash, so that the next one moves up
            if at + 1 == len(node.entries):
                raise UsageError("the text around it leaves no place")
            self._splice(entry.start, node.entries[at + 1].start, "")
            return
        end = max(_line_end(text, entry.end), entry.value.tail)
        if not text[:end].endswith("\n"):
            end = min(len(text), end + len(self._break))
        kept = [f"{text[line : entry.start]}{text[a:b]}" for a, b in self._outline.said_within(entry.start, end)]
        self._splice(line, end, "".join(f"{comment}{self._break}" for comment in kept), keep=False)

    def swap(self, around: Loc, first: int) -> None:
        """Let an item of a list and the one behind it change places, with the comments above them."""
        node = self._outline.node(around)
        assert node is not None
        a, b = node.entries[first], node.entries[first + 1]
        text = self.text
        if node.style == "flow":
            new = text[b.start : b.end] + text[a.end : b.start] + text[a.start : a.end]
            self._splice(a.start, b.end, new, keep=False)
            return
        if text[_line_start(text, a.start) : a.start].strip(" "):  # the first one stands behind another dash
            items = self.find(around)
            assert items is not None
            one, two = copy.deepcopy(items[0][first : first + 2])
            self.put((*around, first), two)
            self.put((*around, first + 1), one)
            return
        above_b = self._top(b)
        above_a = self._top(a) if first or above_b < _line_start(text, b.start) else _line_start(text, a.start)
        end_a, end_b = _line_end(text, a.end), _line_end(text, b.end)
        one, between, two = text[above_a:end_a], text[end_a:above_b], text[above_b:end_b]
        self._splice(above_a, end_b, two + between + one, keep=False)

    def _top(self, entry: Entry) -> int:
        """Return the start of the first of the comment lines right above an item, or of its own line."""
        top = _line_start(self.text, entry.start)
        while top:
            above = _line_start(self.text, top - 1)
            if not self.text[above:top].strip().startswith("#"):
                break
            top = above
        return top


def same(old: Any, new: Any) -> bool:
    """Return whether two values are one; 1 and true are not."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    return isinstance(old, bool) == isinstance(new, bool) and bool(old == new)


def _inside(value: Any, key: int | str) -> tuple[Any] | None:
    if isinstance(value, dict) and key in value:
        return (value[key],)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return (value[key],)
    return None


def _deepest(node: Node) -> Node:
    return _deepest(node.entries[-1].value) if node.entries else node


def _offsets(node: Node, column: int) -> Iterator[int]:
    for entry in node.entries:
        if entry.value.style == "block" and entry.value.is_list and not node.is_list:
            yield entry.value.column - node.column
        yield from _offsets(entry.value, node.column)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Return the end of the line, before its break."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if text[:end].endswith("\r") else end
