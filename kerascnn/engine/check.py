"""What is odd about a data set that was read and divided: each finding with an id, its weight and the samples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerascnn.errors import counted
from kerascnn.spec import Finding

Line = Mapping[str, Any]


def check(manifest: Sequence[Line], torn: Sequence[str] = ()) -> list[Finding]:
    """Return the findings about a manifest; `torn` are the classes whose equal samples had to be parted."""
    return [
        *_same_content(manifest, torn),
        *_groups_apart(manifest),
        *_small_classes(manifest),
        *_imbalance(manifest),
        *_similar_names(manifest),
    ]


def _same_content(manifest: Sequence[Line], torn: Sequence[str]) -> Iterator[Finding]:
    by_hash: dict[str, list[Line]] = defaultdict(list)
    for line in manifest:
        by_hash[line["sha256"]].append(line)
    same = [lines for lines in by_hash.values() if len(lines) > 1]
    labels = [line["id"] for lines in same if len({line["label"] for line in lines}) > 1 for line in lines]
    if labels:
        yield Finding(
            "duplicate-label",
            "warning",
            f"{counted(len(labels), 'sample has', 'samples have')} the same content as one of another class; "
            "one of the labels is wrong",
            tuple(labels),
        )
    apart = [line["id"] for lines in same if len({line["split"] for line in lines}) > 1 for line in lines]
    if apart:
        why = f"; {', '.join(torn)} have too few different samples to keep equal ones together" if torn else ""
        yield Finding(
            "duplicate-across-splits",
            "warning",
            f"{counted(len(apart), 'sample stands', 'samples stand')} in more than one split with the same content: "
            f"figures will be too good{why}",
            tuple(apart),
        )
    copies = sum(len(lines) - 1 for lines in same)
    if copies:
        kept = "" if apart else "; copies are in the same split"
        yield Finding("duplicate", "note", f"{counted(copies, 'sample is', 'samples are')} a copy of another{kept}")


def _groups_apart(manifest: Sequence[Line]) -> Iterator[Finding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for line in manifest:
        if line.get("group") is not None:
            splits[line["group"]].add(line["split"])
    apart = [group for group, found in splits.items() if len(found) > 1]
    if apart:
        yield Finding(
            "group-across-splits",
            "warning",
            f"{counted(len(apart), 'group stands', 'groups stand')} in more than one split of the source: "
            "figures will be too good",
            tuple(apart),
        )


def _small_classes(manifest: Sequence[Line]) -> Iterator[Finding]:
    counts = Counter(line["label"] for line in manifest if line["split"] == "train")
    small = [label for label, count in counts.items() if count < 10]
    if small:
        yield Finding(
            "small-class",
            "warning",
            f"{counted(len(small), 'class has', 'classes have')} fewer than 10 samples to train on; add some, or join "
            "classes",
            tuple(sorted(small)),
        )


def _imbalance(manifest: Sequence[Line]) -> Iterator[Finding]:
    counts = Counter(line["label"] for line in manifest if line["split"] == "train").most_common()
    if len(counts) > 1 and counts[0][1] > 10 * counts[-1][1]:
        (large, most), (small, least) = counts[0], counts[-1]
        yield Finding(
            "imbalance",
            "warning",
            f"'{large}' has {most} samples to train on and '{small}' {least}; look at the recall of each class, "
            "not at accuracy alone",
            (large, small),
        )


def _similar_names(manifest: Sequence[Line]) -> Iterator[Finding]:
    names: dict[str, set[str]] = defaultdict(set)
    for line in manifest:
        names["".join(line["label"].split()).casefold()].add(line["label"])
    alike = [sorted(found) for found in names.values() if len(found) > 1]
    if alike:
        yield Finding(
            "similar-class-names",
            "warning",
            "names of classes differ only in capitals or spaces; are they one class?",
            tuple(repr(name) for found in alike for name in found),
        )
