"""What is to be known of data before a network is chosen for it: how many samples, how large or how long."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from kerascnn.errors import KerasCnnError
from kerascnn.runs.atomic import write_json
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.sources import source_of

_LOOKED_AT = 48
"""Samples of a data set whose size is looked up."""
_SMALL = (32, 32)


@dataclass(frozen=True)
class DataFacts:
    """What is known of a version of the data; 0 and () where it is not."""

    samples: int = 0
    classes: int = 0
    size: tuple[int, ...] = ()
    """Height and width in pixels of the picture in the middle."""
    alike: bool = False
    """Whether all pictures that were looked at have the same shape of their frame."""
    words: int = 0
    """Words that nineteen of twenty texts have at the most."""


def data_facts(project: Project, version: Version) -> DataFacts:
    """Return what is known of a version, found out at the first time and kept. What cannot be read is not known."""
    file = project.folder / "cache" / f"facts-{version.name}.json"
    try:
        kept = json.loads(file.read_text("utf-8"))
        return DataFacts(**{**kept, "size": tuple(kept["size"])})
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = look(version)
    with suppress(OSError, KerasCnnError):  # else it is found out again at the next look
        write_json(file, asdict(found))
    return found


def look(version: Version) -> DataFacts:
    """Return what a version's facts and its samples tell. No file is read but the beginnings of a few."""
    told = {name: version.facts.get(name) for name in ("samples", "classes")}
    known: dict[str, Any] = {name: value for name, value in told.items() if isinstance(value, int)}
    try:
        source = source_of(version.data["source"])
        if not source.paths:  # a set that a library brings: reading it would load that, and its pictures are small
            return DataFacts(**known, size=_SMALL if source.gives == "image" else (), alike=True)
        if source.gives not in ("image", "text"):
            return DataFacts(**known)
        scan = source.scan()
    except Exception:  # noqa: BLE001 - a source may raise anything; the page Check says what is wrong with the data
        return DataFacts(**known)
    every = max(1, len(scan.samples) // _LOOKED_AT)
    some = [sample.payload for sample in scan.samples[::every]]
    counts: dict[str, Any] = {"samples": len(scan.samples), "classes": len(scan.labels), **known}
    if source.gives == "text":
        return DataFacts(**counts, words=_words(some))
    return DataFacts(**counts, **_sizes(some))


def _sizes(payloads: Sequence[Any]) -> Mapping[str, Any]:
    sizes = [size for payload in payloads if (size := _size(payload))]
    if not sizes:
        return {}
    ratios = [height / width for height, width in sizes]
    size = (round(median(height for height, _ in sizes)), round(median(width for _, width in sizes)))
    return {"size": size, "alike": max(ratios) / min(ratios) < 1.05}


def _size(payload: Any) -> tuple[int, int] | None:
    shape = getattr(payload, "shape", None)
    if shape is not None:
        return (int(shape[0]), int(shape[1])) if len(shape) >= 2 else None
    if not isinstance(payload, Path):
        return None
    if payload.suffix.lower() == ".npy":
        return None
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(payload) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5
            width, height = picture.size
            return (width, height) if turned else (height, width)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _words(payloads: Sequence[Any]) -> int:
    counts = []
    for payload in payloads:
        text = payload
        if isinstance(payload, Path):
            try:
                with payload.open("rb") as file:
                    text = file.read(1 << 16).decode("utf-8", "replace")
            except OSError:
                continue
        if isinstance(text, str):
            counts.append(len(text.split()))
    return sorted(counts)[int(0.95 * (len(counts) - 1))] if counts else 0
