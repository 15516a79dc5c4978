"""What holds for sources of data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerascnn.spec import Sample, Scan, Source
from kerascnn.spec.data import SPLITS
from kerascnn.testing.facts import doing, hold, title


def check_source(source: Source) -> Scan:
    """Check a source of pictures on data that are there, and return what it found.

    Its samples have names of their own, labels that it announces, and payloads that can be read; scanned
    again it finds the same in the same order. Raises AssertionError.
    """
    hold(isinstance(source, Source), f"{source!r} is no source; derive its class from kerascnn.spec.Source")
    name = title(source)
    _check_paths(name, source)
    with doing(f"{name}: scan()"):
        scan, again = source.scan(), source.scan()
    hold(isinstance(scan, Scan), f"{name}: scan() gives {type(scan).__qualname__}; give a kerascnn.spec.Scan")
    hold(scan.samples, f"{name} finds no sample; check it on data that are there")
    _check_labels(name, scan)
    for sample in scan.samples:
        _check_sample(name, sample)
    twice = [key for key, count in Counter(sample.id for sample in scan.samples).items() if count > 1]
    hold(not twice, f"{name} gives several samples the id {twice[:3]}; each needs one of its own")
    hold(
        list(scan.labels) == list(again.labels) and _facts(scan.samples) == _facts(again.samples),
        f"{name} finds something else, or another order, when it scans again; sort what it reads from a folder",
    )
    return scan


def _check_paths(name: str, source: Source) -> None:
    for field in source.paths:
        hold(
            field in type(source).model_fields and isinstance(getattr(source, field), str | None),
            f"{name}: its `paths` name '{field}', which is not a field that holds a path as text",
        )


def _check_labels(name: str, scan: Scan) -> None:
    labels = list(scan.labels)
    hold(
        all(isinstance(label, str) and label for label in labels) and len(set(labels)) == len(labels),
        f"{name} announces the labels {labels[:10]}; labels are texts, none empty, none twice",
    )
    stray = sorted({str(sample.label) for sample in scan.samples if sample.label not in labels})
    hold(not stray, f"{name}: samples have the labels {stray[:3]}, which are not among Scan.labels")
    hold(
        not isinstance(scan.notes, str) and all(isinstance(note, str) for note in scan.notes),
        f"{name}: its notes are {scan.notes!r}; give a list of sentences",
    )


def _check_sample(name: str, sample: Sample) -> None:
    import numpy as np

    hold(isinstance(sample.id, str) and sample.id, f"{name}: a sample has the id {sample.id!r}; give it a text")
    hold(
        sample.split is None or sample.split in SPLITS,
        f"{name}: the sample '{sample.id}' is in the split {sample.split!r}; it is None or one of {', '.join(SPLITS)}",
    )
    payload = sample.payload
    if isinstance(payload, Path):
        hold(payload.is_file(), f"{name}: the sample '{sample.id}' is at {payload}, where there is no file")
        return
    hold(
        isinstance(payload, np.ndarray) and payload.dtype == np.uint8 and payload.ndim in (2, 3),
        f"{name}: the payload of the sample '{sample.id}' is {_say(payload)}; give a pathlib.Path or a uint8 "
        "array (height, width, channels)",
    )


def _facts(samples: Sequence[Sample]) -> list[tuple[Any, ...]]:
    return [
        (s.id, s.label, s.split, s.payload if isinstance(s.payload, Path) else s.payload.tobytes()) for s in samples
    ]


def _say(payload: Any) -> str:
    dtype = getattr(payload, "dtype", None)
    return f"{type(payload).__qualname__}" + (f" of {dtype} with the shape {payload.shape}" if dtype else "")
