"""Small data sets that this program makes itself: pictures, texts and time series, each with a few wrong labels.

They are the same on every machine, need no network, and let the whole way be tried: some samples are hard, so that a
network makes a few mistakes, and the wrong labels are there to be found.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable, Mapping
from colorsys import hsv_to_rgb
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn_dashboard.logic.home import Home, name_of
from kerascnn_dashboard.logic.project import Project

if TYPE_CHECKING:
    from PIL.Image import Image

WRONG = 6
"""Samples of a demo that carry another class's label."""
EACH = 80
"""Samples of a class, as they were made."""
SPLIT = {"validation": 0.25, "test": 0.15}
"""As `data.split`: calibration wants 50 samples for validation."""


@dataclass(frozen=True)
class Made:
    """A data set that was made."""

    source: Mapping[str, Any]
    """What stands in `data.source`."""
    about: str
    counts: Mapping[str, int]
    """Samples of each class, as they are labelled."""
    planted: Mapping[str, str] = field(default_factory=dict)
    """The samples with a wrong label, by their ids, each with the right one."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a version's facts hold of it."""
        return {
            "samples": sum(self.counts.values()), "classes": len(self.counts), "counts": dict(self.counts),
            "planted": dict(self.planted),
        }  # fmt: skip


def make_demo(home: Home, kind: str, owner: str = "") -> Project:
    """Make a project with a demo of this kind: "pictures", "texts" or "series". Its data is the version v1.

    Raises UsageError for another kind, and ResourceError where it cannot be written.
    """
    if kind not in KINDS:
        raise UsageError(f"there is no demo '{kind}'; there are {', '.join(KINDS)}")
    project = home.create(_title(home, kind), KINDS[kind].task, owner=owner)
    made = make_data(kind, project.folder / "data" / "demo")
    project.add_version(
        {"source": dict(made.source), "split": SPLIT}, "demo", made.about, by=owner, after="", facts=made.facts
    )
    return project


def make_data(kind: str, folder: Path) -> Made:
    """Write the data of a demo into a new folder. Raises ResourceError where it cannot be written."""
    try:
        folder.mkdir(parents=True)
        return KINDS[kind].make(folder)
    except OSError as error:
        raise ResourceError(f"cannot write {folder}: {error.strerror or error}") from error


def demo_for(reads: str, target: str) -> str:
    """Return the kind of demo that suits data of a kind with answers of a kind; "" where there is none."""
    return next((name for name, kind in KINDS.items() if (kind.reads, "class") == (reads, target)), "")


def _title(home: Home, kind: str) -> str:
    title, number = f"Demo: {kind}", 1
    while (home.folder / "projects" / name_of(title)).exists():
        number += 1
        title = f"Demo: {kind} {number}"
    return title


def _labels(chance: random.Random, classes: list[str]) -> list[tuple[str, str]]:
    """Return the true class of each sample and the one that it is labelled with, in a mixed order."""
    pairs = [(name, name) for name in classes for _ in range(EACH)]
    chance.shuffle(pairs)
    for i in chance.sample(range(len(pairs)), WRONG):
        true = pairs[i][0]
        pairs[i] = true, chance.choice([name for name in classes if name != true])
    return pairs


def _counts(pairs: list[tuple[str, str]]) -> dict[str, int]:
    said = [label for _, label in pairs]
    return {name: said.count(name) for name in sorted(set(said))}


def _pictures(folder: Path) -> Made:
    chance = random.Random(7)
    pairs = _labels(chance, ["circle", "cross", "triangle"])
    planted = {}
    for number, (true, label) in enumerate(pairs):
        file = folder / label / f"{number:03d}.png"
        file.parent.mkdir(exist_ok=True)
        _draw(true, chance).save(file)
        if true != label:
            planted[f"{label}/{file.name}"] = true
    about = f"{len(pairs)} drawn pictures of three shapes, {len(planted)} with a wrong label"
    return Made({"type": "image_folder", "path": str(folder)}, about, _counts(pairs), planted)


_SIZE = 48
_HUES = {"circle": 0.1, "cross": 0.45, "triangle": 0.8}
"""The colour that shapes of a class have most often; it helps, but it is not enough to tell them apart."""


def _draw(shape: str, chance: random.Random) -> Image:
    """Return a picture with one shape somewhere in it, turned, in a colour of its own, with noise."""
    import numpy as np
    from PIL import Image, ImageDraw

    # Drawn four times as large, so that edges are smooth.
    large = 4 * _SIZE
    hue, light = chance.gauss(_HUES[shape], 0.06) % 1, chance.uniform(0.75, 1.0)
    colour = tuple(round(255 * part) for part in hsv_to_rgb(hue, chance.uniform(0.5, 0.9), light))
    grey = chance.uniform(10, 90)
    ground = tuple(round(grey + chance.uniform(-10, 20)) for _ in range(3))
    picture = Image.new("RGB", (large, large), ground)
    pen = ImageDraw.Draw(picture)
    size = chance.uniform(0.28, 0.4) * large
    x, y = (large / 2 + chance.uniform(-0.1, 0.1) * large for _ in range(2))
    turn = math.pi / 2 + chance.uniform(-0.35, 0.35)

    def corner(angle: float, reach: float = 1.0) -> tuple[float, float]:
        return x + reach * size * math.cos(turn + angle), y + reach * size * math.sin(turn + angle)

    if shape == "circle":
        pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    elif shape == "triangle":
        pen.polygon([corner(i * 2 * math.pi / 3) for i in range(3)], fill=colour)
    else:
        for half in (0, math.pi / 2):
            pen.line([corner(half), corner(half + math.pi)], fill=colour, width=int(0.55 * size))
    small = np.asarray(picture.resize((_SIZE, _SIZE), Image.Resampling.BOX), "float64")
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, chance.uniform(4, 18), small.shape)
    return Image.fromarray(np.clip(np.rint(small + noise), 0, 255).astype("uint8"))


_WORDS = {
    "food": ("bread", "soup", "an apple", "cheese", "rice", "a cake", "dinner", "the salt", "fresh fish",
             "a sweet pear"),
    "music": ("a song", "the drum", "a choir", "the violin", "a melody", "the concert", "an old tune", "the rhythm",
              "a piano", "the singer"),
    "weather": ("rain", "the wind", "a storm", "snow", "the fog", "sunshine", "thunder", "a grey cloud", "the frost",
                "a warm breeze"),
}  # fmt: skip
_STARTS = ("Today there was", "We talked about", "Nobody expected", "My neighbour likes", "I remember",
           "They waited for", "She wrote about", "Yesterday I noticed", "Everybody enjoyed",
           "He was surprised by")  # fmt: skip
_ENDS = ("in the evening", "near the river", "with old friends", "for hours", "after all", "before we left",
         "as in every year", "without a doubt", "on the way home", "at last")  # fmt: skip


def _texts(folder: Path) -> Made:
    chance = random.Random(11)
    pairs = _labels(chance, list(_WORDS))
    planted = {}
    with (folder / "texts.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        for line, (true, label) in enumerate(pairs, 2):
            rows.writerow((_sentence(true, chance), label))
            if true != label:
                planted[f"{line:06d}"] = true
    about = f"{len(pairs)} sentences on three subjects, {len(planted)} with a wrong label"
    source = {"type": "text_table", "path": str(folder / "texts.csv")}
    return Made(source, about, _counts(pairs), planted)


def _sentence(subject: str, chance: random.Random) -> str:
    """Return a sentence with two things of its subject; now and then one of another subject stands beside them."""
    things = chance.sample(_WORDS[subject], 2)
    if chance.random() < 0.35:
        things.append(chance.choice(_WORDS[chance.choice([name for name in _WORDS if name != subject])]))
        chance.shuffle(things)
    said = f"{', '.join(things[:-1])} and {things[-1]}"
    return f"{chance.choice(_STARTS)} {said} {chance.choice(_ENDS)}."


_LENGTH = 64


def _series(folder: Path) -> Made:
    import numpy as np

    chance = random.Random(5)
    noise = np.random.default_rng(5)
    pairs = _labels(chance, ["sawtooth", "sine", "square"])
    planted = {}
    with (folder / "series.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("label", *(f"t{i}" for i in range(_LENGTH))))
        for line, (true, label) in enumerate(pairs, 2):
            phase = chance.uniform(0, 1) + np.arange(_LENGTH) / _LENGTH * chance.uniform(2.0, 4.0)
            wave = chance.uniform(0.7, 1.3) * _wave(true, phase) + noise.normal(0, chance.uniform(0.15, 0.5), _LENGTH)
            rows.writerow((label, *(f"{value:.3f}" for value in wave)))
            if true != label:
                planted[f"{line:06d}"] = true
    about = f"{len(pairs)} made waves of three forms, {len(planted)} with a wrong label"
    source = {"type": "series_table", "path": str(folder / "series.csv"), "label_column": "label"}
    return Made(source, about, _counts(pairs), planted)


def _wave(form: str, phase: Any) -> Any:
    import numpy as np

    if form == "sine":
        return np.sin(2 * np.pi * phase)
    return 2 * (phase % 1) - 1 if form == "sawtooth" else np.where(phase % 1 < 0.5, 1.0, -1.0)


@dataclass(frozen=True)
class _Kind:
    task: str
    reads: str
    make: Callable[[Path], Made]


KINDS: Mapping[str, _Kind] = {
    "pictures": _Kind("image_classification", "image", _pictures),
    "texts": _Kind("text_classification", "text", _texts),
    "series": _Kind("series_classification", "series", _series),
}
"""What there is a demo of, and the task that it is for."""
