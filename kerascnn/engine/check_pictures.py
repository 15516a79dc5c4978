"""What is odd about the pictures of a data set, from the facts that the decoder wrote into the manifest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerascnn.engine.near import MOST_PAIRS, near_pairs
from kerascnn.engine.picture_facts import thumbnails
from kerascnn.errors import counted
from kerascnn.spec import Finding

Line = Mapping[str, Any]
_TINY = 16
_NEAR = 4
"""Bits of 64 in which the hashes of near duplicates differ at most."""
_ALIKE = 0.98
"""Correlation of the thumbnails of near duplicates at the least."""
_TELLING, _TOLD_ANYWAY = 0.95, 0.8


def check_pictures(lines: Sequence[Line], image_size: tuple[int, int] | None, resize: str) -> Iterator[Finding]:
    """Yield the findings about the lines that are of pictures."""
    pictures = [line for line in lines if "height" in line and "width" in line]
    if pictures:
        yield from _handled(pictures)
        yield from _empty(pictures, image_size)
        yield from _sizes(pictures, resize)
        yield from _shapes(pictures, resize)
        yield from _near(pictures)
        yield from _telling(pictures)


def _handled(lines: Sequence[Line]) -> Iterator[Finding]:
    """Yield what the decoder did with pictures that are stored in an unusual way."""
    kinds: list[tuple[str, Callable[[Line], Any], str, str]] = [
        ("wrong-ending", lambda line: line.get("ending"), "file has", "the ending of another format; read by content"),
        (
            "exif-rotation",
            lambda line: line.get("orientation"),
            "picture is",
            "stored lying or mirrored; turned upright",
        ),
        ("cmyk", lambda line: line.get("mode") == "CMYK", "picture is", "in CMYK, the colours of print; turned to RGB"),
        ("transparency", lambda line: line.get("alpha"), "picture is", "transparent in places; laid on white"),
        (
            "sixteen-bit",
            lambda line: line.get("bits") == 16,
            "picture has",
            "16 bits a channel; scaled to 8 bits, from 0 to 65535 or as data.value_range says",
        ),
        ("animation", lambda line: line.get("frames", 1) > 1, "file has", "several frames; the first frame is used"),
    ]
    for name, odd, one, what in kinds:
        found = _ids(line for line in lines if odd(line))
        if found:
            many = one.replace(" has", "s have").replace(" is", "s are")
            yield Finding(name, "note", f"{counted(len(found), one, many)} {what}", found)


def _ids(lines: Any) -> tuple[str, ...]:
    return tuple(line["id"] for line in lines)


def _empty(lines: Sequence[Line], image_size: tuple[int, int] | None) -> Iterator[Finding]:
    """Yield the pictures that show nothing, or hardly anything."""
    flat = _ids(line for line in lines if line.get("flat"))
    if flat:
        said = counted(len(flat), "picture is", "pictures are")
        yield Finding("flat-picture", "warning", f"{said} of one colour and used as they are; remove them", flat)
    if image_size is None:
        return
    # A picture that is shown at its own size is small by intention.
    enlarged = [line for line in lines if line["height"] < image_size[0] or line["width"] < image_size[1]]
    least = max(_TINY, min(image_size) / 4)
    tiny = _ids(line for line in enlarged if min(line["height"], line["width"]) < least)
    if tiny:
        yield Finding(
            "tiny-picture",
            "warning",
            f"{counted(len(tiny), 'picture has', 'pictures have')} a side of fewer than {least:.0f} pixels and "
            f"will be enlarged to {image_size[0]} x {image_size[1]}; remove them, or lower data.image_size",
            tiny,
        )


def _sizes(lines: Sequence[Line], resize: str) -> Iterator[Finding]:
    sizes = [(line["height"], line["width"]) for line in lines]
    different = set(sizes)
    if len(different) > 1:
        least, most = (pick(different, key=lambda size: (size[0] * size[1], size)) for pick in (min, max))
        middle: np.ndarray = np.median(np.array(sizes), axis=0)
        yield Finding(
            "mixed-sizes",
            "note",
            f"pictures have {len(different)} sizes, from {least[0]} x {least[1]} to {most[0]} x {most[1]} (height x "
            f"width; median {middle[0]:.0f} x {middle[1]:.0f}); all are brought to one by resize: {resize}",
        )


def _shapes(lines: Sequence[Line], resize: str) -> Iterator[Finding]:
    low, high = np.percentile([line["width"] / line["height"] for line in lines], [5, 95])
    if high > 1.5 * low:
        told = {
            "stretch": "resize: stretch distorts them; letterbox keeps their shapes",
            "letterbox": "resize: letterbox keeps their shapes",
        }.get(resize, f"resize: {resize} cuts off the ends of the long ones; letterbox keeps their shapes whole")
        yield Finding(
            "mixed-aspect-ratio",
            "warning" if resize == "stretch" else "note",
            f"pictures have different shapes, width / height from {low:.2f} to {high:.2f} for 9 of 10; {told}",
        )


def _near(lines: Sequence[Line]) -> Iterator[Finding]:
    """Yield the pictures that look almost like another, leaving out copies (other findings) and flat ones."""
    hashed = [line for line in lines if line.get("dhash") and not line.get("flat")]
    pairs = near_pairs([int(line["dhash"], 16) for line in hashed], _NEAR)
    if len(pairs) >= MOST_PAIRS:
        message = "pictures are too much alike to tell near duplicates among them; none were looked for"
        yield Finding("near-duplicate", "note", message)
        return
    pairs = _same_to_the_eye(hashed, pairs)
    together: set[int] = set()
    apart: set[int] = set()
    labels: set[int] = set()
    for i, j in pairs:
        one, other = hashed[i], hashed[j]
        if one["sha256"] != other["sha256"]:
            (together if one["split"] == other["split"] else apart).update((i, j))
            if one.get("label") and other.get("label") and one["label"] != other["label"]:
                labels.update((i, j))
    say = "picture looks", "pictures look"
    for name, severity, found, what in (
        (
            "near-duplicate-across-splits",
            "warning",
            apart,
            "almost like one of another split: figures may be too good; keep them together with data.split.group_by",
        ),
        ("near-duplicate-label", "note", labels, "almost like one of another class; look whether both labels are true"),
        ("near-duplicate", "note", together, "almost like another of the same split; they are used as they are"),
    ):
        if found:
            message = f"{counted(len(found), *say)} {what}"
            yield Finding(name, severity, message, _ids(hashed[i] for i in sorted(found)))  # type: ignore[arg-type]


def _same_to_the_eye(lines: Sequence[Line], pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs whose thumbnails agree: on plain backgrounds, hashes of different things are often near."""
    if not pairs:
        return []
    known = sorted({i for pair in pairs for i in pair})
    place = {i: row for row, i in enumerate(known)}
    values = thumbnails([lines[i]["thumb"] for i in known])
    left, right = ([place[pair[side]] for pair in pairs] for side in (0, 1))
    alike = np.einsum("ij,ij->i", values[left], values[right]) / values.shape[1]
    return [pair for pair, value in zip(pairs, alike, strict=True) if value >= _ALIKE]


def _telling(lines: Sequence[Line]) -> Iterator[Finding]:
    """Yield what tells the class of a picture without a look at it: a network may learn that instead."""
    labelled = [line for line in lines if line.get("label")]
    classes = Counter(line["label"] for line in labelled)
    if len(classes) < 2 or max(classes.values()) >= _TOLD_ANYWAY * len(labelled):
        return
    traits: list[tuple[str, Callable[[Line], Hashable]]] = [
        ("size in pixels", lambda line: (line["height"], line["width"])),
        ("file format", lambda line: line.get("format")),
        ("colour mode", lambda line: line.get("mode")),
    ]
    told = [(what, share) for what, trait in traits if (share := _share_told(labelled, trait)) >= _TELLING]
    if told:
        said = " and ".join(f"the {what} alone tells the class of {share:.0%} of the pictures" for what, share in told)
        yield Finding(
            "size-tells-class",
            "warning",
            f"{said}: the network may learn that and not what is shown; collect the classes in one way, or bring them "
            "to one form",
        )


def _share_told(lines: Sequence[Line], trait: Callable[[Line], Hashable]) -> float:
    """Return the share of pictures whose class is that of most others with the same trait.

    A picture does not count among those that tell its class: else a trait that no two share would tell everything.
    """
    found: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for line in lines:
        found[trait(line)][line["label"]] += 1
    if len(found) < 2:
        return 0.0
    told = 0
    for classes in found.values():
        (_, most), second = classes.most_common(1)[0], [*classes.most_common(2), ("", 0)][1][1]
        told += most if most - 1 > second else 0
    return told / len(lines)
