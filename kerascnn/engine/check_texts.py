"""What is odd about the texts of a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerascnn.errors import counted
from kerascnn.spec import Finding

Line = Mapping[str, Any]


def check_texts(lines: Sequence[Line]) -> Iterator[Finding]:
    """Yield the findings about texts: those that differ from another in capitals and spaces alone."""
    alike: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if "alike" in line:
            alike[line["alike"]].append(line)
    groups = [some for some in alike.values() if len({line["sha256"] for line in some}) > 1]
    apart = [line["id"] for some in groups if len({line["split"] for line in some}) > 1 for line in some]
    together = [line["id"] for some in groups if len({line["split"] for line in some}) == 1 for line in some]
    say = "text differs", "texts differ"
    if apart:
        yield Finding(
            "near-duplicate-across-splits",
            "warning",
            f"{counted(len(apart), *say)} from one of another split in capitals or spaces "
            "alone: figures may be too good",
            tuple(apart),
        )
    if together:
        yield Finding(
            "near-duplicate",
            "note",
            f"{counted(len(together), *say)} from another of the same split in capitals or spaces alone; they are used "
            "as they are",
            tuple(together),
        )
