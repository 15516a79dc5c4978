"""Test-time augmentation: the mean of the answers to a picture as it is and to changed versions of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

import numpy as np

from kerascnn.engine.corruptions import WAYS, shifted, whole_bytes
from kerascnn.errors import UsageError
from kerascnn.spec import Task

NAMES = ("flip", "shift", "scale")
ZOOMS = (1.1, 0.9)
_SHIFT = 32
"""The part of the shorter side by which pictures are shifted."""
_WHOLE = ("class", "classes", "values")
"""What samples may be answered with for an answer to have no places in the picture."""

Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Version:
    """One way to look at pictures."""

    said: str
    change: Change
    """Makes it of pictures `(n, height, width, channels)`."""
    back: Change
    """Brings the places of answers to it to those of the picture as it is."""


def chosen(text: str) -> tuple[str, ...]:
    """Return the names in a text such as "flip,shift", in the order of `NAMES`. Raises UsageError.

    >>> chosen("shift,flip")
    ('flip', 'shift')
    """
    return checked([name.strip() for name in text.split(",")])


def checked(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names of versions in the order of `NAMES`. Raises UsageError for other names, and for one given twice."""
    if isinstance(names, str):
        return chosen(names)
    for name in names:
        if name not in NAMES:
            near = get_close_matches(name, NAMES, 1)
            raise UsageError(
                f"no test-time augmentation is named '{name}'"
                + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(NAMES)}")
            )
        if list(names).count(name) > 1:
            raise UsageError(f"the test-time augmentation {name} is named twice; it would count double in the mean")
    return tuple(name for name in NAMES if name in names)


def versions(task: Task, names: str | Sequence[str], size: Sequence[int]) -> list[Version]:
    """Return the versions of pictures of this height and width, the picture as it is first.

    Raises UsageError where a task's answers to them have no mean.
    """
    names = checked(names)
    if not names:
        return [Version("as it is", _same, _same)]
    places = task.target == "mask"
    if task.reads != "image" or not task.alone or not (places or task.target in _WHOLE):
        raise UsageError(
            f"{task.type_name} has no test-time augmentation: it is for pictures that are answered with classes, with "
            "numbers, or with masks (flip alone)"
        )
    if places and names != ("flip",):
        other = next(name for name in names if name != "flip")
        raise UsageError(
            f"{task.type_name} has no test-time augmentation {other}: its answers have a place in the picture, and "
            "only those to mirrored pictures are brought back to the pixel; give flip alone"
        )
    return list(_versions(names, size, _mirrored if places else _same))


def say(names: Sequence[str], size: Sequence[int]) -> str:
    """Return in words which versions are answered.

    >>> say(("flip", "shift"), (28, 28))
    'as it is, mirrored left-right, shifted up, down, left and right by 1 pixel'
    """
    pixels = _pixels(size)
    found = {
        "flip": "mirrored left-right",
        "shift": f"shifted up, down, left and right by {pixels} pixel{'s' if pixels > 1 else ''}",
        "scale": f"scaled by {' and '.join(map(str, ZOOMS))}",
    }
    return ", ".join(["as it is", *(found[name] for name in names)])


def mean(answers: Callable[[np.ndarray], np.ndarray], pictures: np.ndarray, among: Sequence[Version]) -> np.ndarray:
    """Return the mean of the answers to all versions of pictures, float32; of a single one they are left as they are.

    The versions have the same weight.
    """
    if len(among) == 1:
        return answers(pictures)
    total: np.ndarray | None = None
    for version in among:
        one = version.back(answers(np.ascontiguousarray(version.change(pictures)))).astype("float64")
        total = one if total is None else total + one
    assert total is not None
    return (total / len(among)).astype("float32")


def scaled(pictures: np.ndarray, zoom: float) -> np.ndarray:
    """Return pictures of the same size in which everything is `zoom` times as large, around the centre.

    Values between pixels are bilinear; what becomes free is filled with the pixels of the edge.
    """
    below, above, part = _between(pictures.shape[1], zoom)
    values = pictures.astype("float32")
    weight = part[:, None, None]
    values = values[:, below] * (1 - weight) + values[:, above] * weight
    below, above, part = _between(pictures.shape[2], zoom)
    weight = part[:, None]
    values = values[:, :, below] * (1 - weight) + values[:, :, above] * weight
    return whole_bytes(values)


def _versions(names: Sequence[str], size: Sequence[int], back: Change) -> Iterator[Version]:
    yield Version("as it is", _same, _same)
    if "flip" in names:
        yield Version("mirrored left-right", _mirrored, back)
    if "shift" in names:
        pixels = _pixels(size)
        for way, (down, right) in WAYS.items():
            change = partial(shifted, down=down * pixels, right=right * pixels)
            yield Version(f"shifted {way} by {pixels}", change, _same)
    if "scale" in names:
        for zoom in ZOOMS:
            yield Version(f"scaled by {zoom}", partial(scaled, zoom=zoom), _same)


def _same(values: np.ndarray) -> np.ndarray:
    return values


def _mirrored(values: np.ndarray) -> np.ndarray:
    return values[:, :, ::-1]


def _pixels(size: Sequence[int]) -> int:
    return max(1, round(min(size[:2]) / _SHIFT))


def _between(size: int, zoom: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each place of a side the places before and after that it lies between, and how near it is to that."""
    middle = (size - 1) / 2
    at = ((np.arange(size) - middle) / zoom + middle).clip(0, size - 1)
    below = np.floor(at).astype(int)
    return below, np.minimum(below + 1, size - 1), (at - below).astype("float32")
