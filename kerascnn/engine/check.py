"""What is odd about a data set that was read and divided: each finding with an id, its weight and the samples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerascnn.engine.check_pictures import check_pictures
from kerascnn.engine.check_texts import check_texts
from kerascnn.errors import counted, printable
from kerascnn.spec import Finding

Line = Mapping[str, Any]
_FEW = 0.01
_HELD_OUT = ("validation", "test")
_SAID = 3


def check(
    manifest: Sequence[Line],
    torn: Sequence[str] = (),
    *,
    image_size: tuple[int, int] | None = None,
    resize: str = "letterbox",
) -> list[Finding]:
    """Return the findings about a manifest.

    `torn` are the classes whose equal samples had to be parted; `image_size` (height, width) and `resize` say how
    pictures are brought to the model's input. Lines whose split is "quarantine" count as unreadable and as nothing
    else.
    """
    lines = [line for line in manifest if line["split"] != "quarantine"]
    labelled = [line for line in lines if line.get("label")]
    return [
        *_unreadable(manifest),
        *_same_content(lines, torn),
        *_groups_apart(lines),
        *_small_classes(labelled),
        *_imbalance(labelled),
        *_similar_names(labelled),
        *check_pictures(lines, image_size, resize),
        *check_texts(lines),
    ]


def _unreadable(manifest: Sequence[Line]) -> Iterator[Finding]:
    bad = [line for line in manifest if line["split"] == "quarantine"]
    if bad:
        said = [f"{printable(line['id'])} {printable(line.get('reason', 'is damaged'))}" for line in bad[:_SAID]]
        more = f" and {counted(len(bad) - _SAID, 'more', 'more')}" if len(bad) > _SAID else ""
        yield Finding(
            "unreadable",
            "error",
            f"{counted(len(bad), 'sample', 'samples')} cannot be read: {'; '.join(said)}{more}; mend or remove them, "
            "or leave them out with data.allow: [unreadable]",
            tuple(line["id"] for line in bad),
        )


def _same_content(lines: Sequence[Line], torn: Sequence[str]) -> Iterator[Finding]:
    by_hash: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.get("sha256"):
            by_hash[line["sha256"]].append(line)
    same = [found for found in by_hash.values() if len(found) > 1]
    labels = [line["id"] for found in same if len(_labels(found)) > 1 for line in found if line.get("label")]
    if labels:
        yield Finding(
            "duplicate-label",
            "warning",
            f"{counted(len(labels), 'sample has', 'samples have')} the same content as one of another class; "
            "one of the labels is wrong",
            tuple(labels),
        )
    apart = [line for found in same if len({line["split"] for line in found}) > 1 for line in found]
    if apart:
        yield _copies_apart(lines, apart, torn)
    copies = sum(len(found) - 1 for found in same)
    if copies:
        kept = "" if apart else "; copies are in the same split"
        yield Finding("duplicate", "note", f"{counted(copies, 'sample is', 'samples are')} a copy of another{kept}")


def _labels(lines: Sequence[Line]) -> set[str]:
    return {line["label"] for line in lines if line.get("label")}


def _copies_apart(lines: Sequence[Line], apart: Sequence[Line], torn: Sequence[str]) -> Finding:
    sizes = Counter(line["split"] for line in lines)
    copies = Counter(line["split"] for line in apart)
    held_out = [split for split in _HELD_OUT if copies[split]]
    grave = any(copies[split] > _FEW * sizes[split] for split in held_out)
    shares = " and ".join(f"{copies[split]} of the {sizes[split]} of {split}" for split in held_out)
    why = f"; {', '.join(torn)} have too few different samples to keep equal ones together" if torn else ""
    return Finding(
        "duplicate-across-splits",
        "error" if grave else "warning",
        f"{counted(len(apart), 'sample stands', 'samples stand')} in more than one split with the same content "
        f"({shares} have a copy in another split): figures will be too good{why}",
        tuple(line["id"] for line in apart),
    )


def _groups_apart(lines: Sequence[Line]) -> Iterator[Finding]:
    splits: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.get("group") is not None:
            splits[line["group"]].add(line["split"])
    apart = [group for group, found in splits.items() if len(found) > 1]
    if apart:
        yield Finding(
            "group-across-splits",
            "error",
            f"{counted(len(apart), 'group stands', 'groups stand')} in more than one split of the source: "
            "figures will be too good",
            tuple(apart),
        )


def _small_classes(lines: Sequence[Line]) -> Iterator[Finding]:
    counts = Counter(line["label"] for line in lines if line["split"] == "train")
    small = [label for label, count in counts.items() if count < 10]
    if small:
        yield Finding(
            "small-class",
            "warning",
            f"{counted(len(small), 'class has', 'classes have')} fewer than 10 samples to train on; add some, or join "
            "classes",
            tuple(sorted(small)),
        )


def _imbalance(lines: Sequence[Line]) -> Iterator[Finding]:
    counts = Counter(line["label"] for line in lines if line["split"] == "train").most_common()
    if len(counts) > 1 and counts[0][1] > 10 * counts[-1][1]:
        (large, most), (small, least) = counts[0], counts[-1]
        yield Finding(
            "imbalance",
            "warning",
            f"'{large}' has {most} samples to train on and '{small}' {least}; look at the recall of each class, "
            "not at accuracy alone",
            (large, small),
        )


def _similar_names(lines: Sequence[Line]) -> Iterator[Finding]:
    names: dict[str, set[str]] = defaultdict(set)
    for label in _labels(lines):
        names["".join(label.split()).casefold()].add(label)
    alike = sorted(sorted(found) for found in names.values() if len(found) > 1)
    if alike:
        yield Finding(
            "similar-class-names",
            "warning",
            "names of classes differ only in capitals or spaces; are they one class?",
            tuple(repr(name) for found in alike for name in found),
        )
