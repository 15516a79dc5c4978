"""What a network will be built for, from the data or from what the user says of it."""

from __future__ import annotations

from kerascnn.engine.data import scan_info
from kerascnn.errors import DataError, UsageError
from kerascnn.spec import DataInfo, Spec


def describe_input(spec: Spec, classes: int | None = None, shape: str | None = None) -> DataInfo:
    """Return the info of a spec's data; what is given (`classes`, `shape` as "H,W,C") is not looked up.

    Raises UsageError for a shape that is none, DataError where the data is needed and cannot be read.
    """
    given = _shape(shape) if shape else None
    if given and classes:
        return DataInfo.of(given, classes)
    try:
        found = scan_info(spec)
    except DataError as error:
        raise DataError(f"{error}\nwithout the data, say what it is: --classes N --input H,W,C") from None
    labels = DataInfo.of((1,), classes).labels if classes else found.labels
    return DataInfo(given or found.shape, labels)


def _shape(text: str) -> tuple[int, ...]:
    parts = text.replace("x", ",").split(",")
    if len(parts) != 3 or not all(part.strip().isdecimal() and 0 < int(part) <= 65_536 for part in parts):
        raise UsageError(f"--input should be height,width,channels, such as 224,224,3 (got '{text}')")
    return tuple(int(part) for part in parts)
