"""What a network will be built for, from the data or from what the user says of it."""

from __future__ import annotations

from dataclasses import replace

from kerascnn.engine.data import scan_info
from kerascnn.errors import DataError, UsageError
from kerascnn.spec import DataInfo, Spec


def describe_input(spec: Spec, classes: int | None = None, shape: str | None = None) -> DataInfo:
    """Return the info of a spec's data; what is given (`classes`, `shape` as "H,W,C" of a picture) is not looked up.

    Raises UsageError for a shape that is none, DataError where the data is needed and cannot be read.
    """
    given = _shape(shape, spec.data.source.gives) if shape else None
    if given and classes:
        return _rest(DataInfo.of(given, classes), spec)
    try:
        found = scan_info(spec)
    except DataError as error:
        raise DataError(f"{error}\nwithout the data, say what it is: --classes N --input H,W,C") from None
    labels = DataInfo.of((1,), classes).labels if classes else found.labels
    return replace(found, shape=given or found.shape, labels=labels)


def _rest(info: DataInfo, spec: Spec) -> DataInfo:
    """Return the info with what the spec itself says of its data beside their shape."""
    medium = spec.data.source.gives
    if medium == "text":
        return replace(info, vocabulary=spec.data.text.vocabulary_size)
    return replace(info, sample_rate=spec.data.audio.sample_rate) if medium == "audio" else info


_WANTED = {
    "image": ("height,width,channels", "224,224,3"),
    "text": ("the number of tokens", "64"),
    "series": ("time steps,channels", "150,1"),
    "audio": ("samples,channels", "16000,1"),
}


def _shape(text: str, medium: str) -> tuple[int, ...]:
    parts = text.replace("x", ",").split(",")
    wanted, example = _WANTED[medium]
    sound = all(part.strip().isdecimal() and 0 < int(part) <= 10_000_000 for part in parts)
    if not sound or len(parts) != example.count(",") + 1:
        raise UsageError(f"--input should be {wanted}, such as {example} (got '{text}')")
    return tuple(int(part) for part in parts)
