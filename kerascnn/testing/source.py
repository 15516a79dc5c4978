"""What holds for sources of data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerascnn.spec import Sample, Scan, Source
from kerascnn.spec.data import SPLITS
from kerascnn.testing.facts import doing, hold, title


def check_source(source: Source) -> Scan:
    """Check a source on data that are there, and return what it found.

    Its samples have names of their own, labels that it announces, and payloads of the kind that `gives` says; scanned
    again it finds the same in the same order. Raises AssertionError.
    """
    hold(isinstance(source, Source), f"{source!r} is no source; derive its class from kerascnn.spec.Source")
    name = title(source)
    hold(source.gives in _PAYLOADS, f"{name} gives '{source.gives}'; it gives one of {', '.join(_PAYLOADS)}")
    _check_paths(name, source)
    with doing(f"{name}: scan()"):
        scan, again = source.scan(), source.scan()
    hold(isinstance(scan, Scan), f"{name}: scan() gives {type(scan).__qualname__}; give a kerascnn.spec.Scan")
    hold(scan.samples, f"{name} finds no sample; check it on data that are there")
    _check_labels(name, source, scan)
    for sample in scan.samples:
        _check_sample(name, source, sample)
        if source.target == "values":
            _check_values(name, sample, len(scan.labels))
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


def _check_labels(name: str, source: Source, scan: Scan) -> None:
    labels = list(scan.labels)
    hold(
        all(isinstance(label, str) and label for label in labels) and len(set(labels)) == len(labels),
        f"{name} announces the labels {labels[:10]}; labels are texts, none empty, none twice",
    )
    # Only where a sample has one class does its label have to say it.
    known = labels if source.target == "class" else [*labels, ""]
    stray = sorted({str(sample.label) for sample in scan.samples if sample.label not in known})
    hold(not stray, f"{name}: samples have the labels {stray[:3]}, which are not among Scan.labels")
    hold(
        not isinstance(scan.notes, str) and all(isinstance(note, str) for note in scan.notes),
        f"{name}: its notes are {scan.notes!r}; give a list of sentences",
    )


def _check_sample(name: str, source: Source, sample: Sample) -> None:
    hold(isinstance(sample.id, str) and sample.id, f"{name}: a sample has the id {sample.id!r}; give it a text")
    hold(
        sample.split is None or sample.split in SPLITS,
        f"{name}: the sample '{sample.id}' is in the split {sample.split!r}; it is None or one of {', '.join(SPLITS)}",
    )
    payload = sample.payload
    fits, wanted = _PAYLOADS[source.gives]
    hold(fits(payload), f"{name}: the payload of the sample '{sample.id}' is {_say(payload)}; give {wanted}")
    if isinstance(payload, Path):
        hold(payload.is_file(), f"{name}: the sample '{sample.id}' is at {payload}, where there is no file")


def _is_picture(payload: Any) -> bool:
    return isinstance(payload, Path) or _is_array(payload, ("uint8", "uint16"), (2, 3))


def _is_series(payload: Any) -> bool:
    return _is_array(payload, ("float32",), (2,)) and payload.size > 0


def _is_array(payload: Any, types: Sequence[str], axes: Sequence[int]) -> bool:
    import numpy as np

    return isinstance(payload, np.ndarray) and payload.dtype.name in types and payload.ndim in axes


_PAYLOADS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "image": (_is_picture, "a pathlib.Path or a uint8 array (height, width, channels)"),
    "text": (lambda payload: isinstance(payload, str), "the text itself"),
    "series": (_is_series, "a float32 array (length, channels)"),
    "audio": (lambda payload: isinstance(payload, Path), "a pathlib.Path"),
}


def _check_values(name: str, sample: Sample, count: int) -> None:
    target = sample.target
    hold(
        isinstance(target, tuple)
        and len(target) == count
        and all(isinstance(value, float) and math.isfinite(value) for value in target),
        f"{name}: the sample '{sample.id}' has the target {target!r}; give a tuple of {count} finite floats, one for "
        "each of Scan.labels",
    )


def _facts(samples: Sequence[Sample]) -> list[tuple[Any, ...]]:
    return [(s.id, s.label, s.split, _content(s.payload), s.target) for s in samples]


def _content(payload: Any) -> Any:
    return payload if isinstance(payload, Path | str) else payload.tobytes()


def _say(payload: Any) -> str:
    dtype = getattr(payload, "dtype", None)
    return f"{type(payload).__qualname__}" + (f" of {dtype} with the shape {payload.shape}" if dtype else "")
