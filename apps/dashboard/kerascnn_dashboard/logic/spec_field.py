"""One field of a form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_UNIT = re.compile(r"\bin (pixels|seconds|hertz|GiB|decibels|degrees|minutes)\b")


@dataclass(frozen=True)
class Field:
    """One place of a spec, with what it says there now."""

    path: str
    kind: str
    """number, whole, switch, choice, word, text, numbers, texts, choices, mapping; section, component; sections,
    components, and lists of such lists; either, where one of `others` holds; constant; yaml, for all else."""
    name: str
    help: str = ""
    about: str = ""
    """Of a component: what that of its type is, in one line."""
    value: Any = None
    """What the text says, else the default."""
    default: Any = None
    required: bool = False
    nullable: bool = False
    """Whether it may be left out, and then means something else than any value."""
    present: bool = False
    """Whether the text says it."""
    changed: bool = False
    """Whether it differs from the default, where it has one."""
    fits: bool = True
    """Whether the value is of the kind; otherwise the form shows it as text."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """least, most, above, below of a number or of each in a list; items_least, items_most."""
    choices: Sequence[Any] = ()
    """Values that are known; of a component the types that the task can take."""
    children: Sequence[Field] = ()
    """Of a section or a component: its fields. Of a list: its items."""
    others: Sequence[Field] = ()
    of: str = ""
    """The kind of a component, or of those in a list."""

    @property
    def type(self) -> str:
        """The name of the component that is here, "" where there is none."""
        found = self.value.get("type") if isinstance(self.value, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def label(self) -> str:
        """Its name for people, with its unit."""
        words = self.name.replace("_", " ")
        found = _UNIT.search(self.help)
        unit = f" ({found.group(1)})" if found and found.group(1) not in words else ""
        return words[:1].upper() + words[1:] + unit

    @property
    def active(self) -> Field | None:
        """Which of `others` the value is."""
        return next((one for one in self.others if one.fits and one.value is not None), None)

    def walk(self) -> Iterator[Field]:
        """Yield this field, and all that are inside it."""
        yield self
        inner = self.active.children if self.active else self.children
        for child in inner if self.kind != "section" or self.value is not None or not self.nullable else ():
            yield from child.walk()


def begin(one: Field) -> Any:
    """Return the value with which a field begins when somebody turns it on, or to another of its forms."""
    if one.kind == "section":
        first = next((child for child in one.children if child.default is not None), None)
        return {first.name: first.default} if first else {}
    if one.kind in ("choice", "word"):
        return one.choices[0]
    number = one.limits.get("least", 1)
    if one.kind == "numbers":
        return [number] * max(1, one.limits.get("items_least", 1))
    starts: dict[str, Any] = {"number": float(number), "whole": int(number), "switch": False, "text": "", "mapping": {}}
    return starts.get(one.kind, [])
