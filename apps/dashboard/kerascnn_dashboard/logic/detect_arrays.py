"""Ways to read NumPy's files: pictures or series with their labels. Only headers are read."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kerascnn_dashboard.logic.looking import Candidate, Seen, Tree

_MOST = 20
_LABELS = ("label", "labels", "y", "target", "targets", "class", "classes")


@dataclass(frozen=True)
class _Array:
    shape: tuple[int, ...]
    kind: str
    """The letter of its type: "u", "i", "f", "U"."""
    bytes: int


def _header(stream: IO[bytes]) -> _Array | None:
    from numpy.lib import format as npy

    try:
        major, _ = npy.read_magic(stream)
        shape, _, dtype = (npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0)(stream)
    except (OSError, ValueError, EOFError):
        return None
    return _Array(shape, dtype.kind, dtype.itemsize)


def _arrays(file: Path) -> dict[str, _Array]:
    """Return the arrays of a .npz file by name; none where it cannot be read."""
    found = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist()[:200]:
                with archive.open(name) as stream:
                    array = _header(stream)
                if array and name.endswith(".npy"):
                    found[name.removesuffix(".npy")] = array
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return {}
    return found


def _are_pictures(array: _Array) -> bool:
    shape = array.shape
    right = len(shape) == 3 or (len(shape) == 4 and 1 <= shape[3] <= 64)
    return array.kind == "u" and array.bytes <= 2 and right and shape[0] > 0


def _are_series(array: _Array) -> bool:
    return array.kind in "iuf" and len(array.shape) in (2, 3) and all(array.shape)


def _pairs(arrays: dict[str, _Array], what: str, kinds: str) -> list[tuple[str, str]]:
    """Return the names of arrays that belong together: the samples' and the labels'."""
    fits = _are_pictures if what == "pictures" else _are_series
    found = []
    for name, array in arrays.items():
        if not fits(array):
            continue
        for other, labels in arrays.items():
            same = labels.shape == array.shape[:1] and labels.kind in kinds and _is_test(name) == _is_test(other)
            if other != name and same:
                found.append((name, other))
    # Labels are known by their name where several arrays are as long.
    return sorted(found, key=lambda pair: not any(word in pair[1].lower().split("_") for word in _LABELS))


def _is_test(name: str) -> bool:
    return "test" in name.lower()


def arrays(found: Tree) -> Seen:
    """Pictures in a .npz file, or in two .npy files."""
    seen = _in_npz(
        found, "pictures", "iuU", "arrays", ("images_key", "labels_key"), ("test_images_key", "test_labels_key")
    )
    singles = {file: _open(file) for file in found.ending(".npy")[:_MOST]}
    for file, array in singles.items():
        if array is None or not _are_pictures(array):
            continue
        for other, labels in singles.items():
            if labels and other != file and labels.shape == array.shape[:1] and labels.kind in "iuU":
                source = {"type": "arrays", "path": str(file), "labels_path": str(other)}
                why = f"{file.name} holds {array.shape[0]} pictures, {other.name} as many labels."
                seen.candidates.append(Candidate(source, why, True, 85))
    return seen


def _open(file: Path) -> _Array | None:
    with file.open("rb") as stream:
        return _header(stream)


def series_arrays(found: Tree, target: str) -> Seen:
    """Series in a .npz file."""
    kinds = "iuU" if target == "class" else "iuf"
    fields = ("series_key", "labels_key"), ("test_series_key", "test_labels_key")
    seen = _in_npz(found, "series", kinds, "series_arrays", *fields)
    if target != "values":
        return seen
    kept = [
        Candidate({**one.source, "target_kind": "value"}, one.why, one.sure, one.score, one.names)
        for one in seen.candidates
    ]
    return Seen(kept, seen.problems)


def _in_npz(
    found: Tree, what: str, kinds: str, source: str, keys: tuple[str, str], tests: tuple[str, str]
) -> Seen:  # fmt: skip
    seen = Seen()
    for file in found.ending(".npz")[:_MOST]:
        held = _arrays(file)
        pairs = _pairs(held, what, kinds)
        train = [pair for pair in pairs if not _is_test(pair[0])]
        if not train:
            shown = ", ".join(f"{name} {array.shape}" for name, array in held.items())
            seen.problems.append(
                f"{file.name} holds no {what} with as many labels (it holds {shown or 'nothing that can be read'})."
            )
            continue
        (name, label), beside = train[0], [pair for pair in pairs if _is_test(pair[0])]
        of = {"type": source, "path": str(file), **dict(zip(keys, (name, label), strict=True))}
        if beside and held[beside[0][0]].shape[1:] == held[name].shape[1:]:
            of |= dict(zip(tests, beside[0], strict=True))
        why = f"{file.name} holds {held[name].shape[0]} {what} in '{name}' and their labels in '{label}'."
        named = len(train) == 1 or any(word in label.lower().split("_") for word in _LABELS)
        seen.candidates.append(Candidate(of, why, named, 85, tuple(held)))
    return seen
