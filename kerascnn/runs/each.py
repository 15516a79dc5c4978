"""What each sample of a split came to, where whole answers are too large to be kept: masks and boxes."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import UsageError
from kerascnn.runs.answers import FOLDER
from kerascnn.runs.atomic import write_with
from kerascnn.runs.folder import RunFolder

if TYPE_CHECKING:
    import numpy as np

_WORDS = ("worst", "truths", "said")
_ARRAYS = ("masks", "boxes")


@dataclass(frozen=True)
class KeptFigures:
    """A figure of each sample by itself, such as the mean IoU of a picture."""

    ids: list[str]
    """The samples, by their ids in the manifest."""
    name: str
    """The figure."""
    better: str
    """Its better direction: "max" or "min"."""
    values: np.ndarray
    """What each has, float64 `(n,)`; NaN for one that has none."""
    worst: list[str] = field(default_factory=list)
    """The samples with the worst figures, the worst first: of these alone more is kept."""
    truths: list[str] = field(default_factory=list)
    """What each of these is, in words."""
    said: list[str] = field(default_factory=list)
    """What was said of each, in words."""
    masks: np.ndarray | None = None
    """What was said of each, where that are masks: class numbers, uint8 `(k, height, width)`."""
    boxes: np.ndarray | None = None
    """The same of boxes, float32 `(m, 7)`: which of the worst it is in, the class number, left, top, right and bottom
    in pixels of the model's input, and the score."""

    @property
    def perfect(self) -> float:
        """What a sample has that is as it should be."""
        return 1.0 if self.better == "max" else 0.0

    def of(self, ids: list[str]) -> np.ndarray:
        """Return the figures of these samples. Raises KeyError for one that is not there."""
        import numpy as np

        places = {name: row for row, name in enumerate(self.ids)}
        return np.asarray(self.values[[places[name] for name in ids]])


def file_of(run: RunFolder, split: str) -> Path:
    """Return the file in which they are kept."""
    return run.path / FOLDER / f"{split}.each.npz"


def write_figures(run: RunFolder, split: str, kept: KeptFigures) -> None:
    """Write `evaluation/SPLIT.each.npz`. Raises ResourceError."""
    import numpy as np

    arrays: dict[str, Any] = {"ids": np.array(kept.ids), "values": np.asarray(kept.values, "float64")}
    arrays |= {"name": np.array(kept.name), "better": np.array(kept.better)}
    arrays |= {name: np.array(getattr(kept, name), dtype=np.str_) for name in _WORDS}
    arrays |= {name: array for name in _ARRAYS if (array := getattr(kept, name)) is not None}

    def fill(part: Path) -> None:
        with part.open("xb") as file:
            np.savez_compressed(file, **arrays)

    write_with(file_of(run, split), fill)


def read_figures(run: RunFolder, split: str) -> KeptFigures:
    """Return what `write_figures` wrote. Raises UsageError where there is nothing, or nothing that can be read."""
    import numpy as np

    file = file_of(run, split)
    if not file.is_file():
        raise UsageError(
            f"run {run.id} has no figures of single samples on its {split} split; `kerascnn evaluate {run.id} --split "
            f"{split}` makes them"
        )
    try:
        with np.load(file, allow_pickle=False) as held:
            words: dict[str, Any] = {name: [str(text) for text in held[name]] for name in _WORDS}
            arrays: dict[str, Any] = {name: np.asarray(held[name]) for name in _ARRAYS if name in held.files}
            ids, values = [str(name) for name in held["ids"]], np.asarray(held["values"])
            return KeptFigures(ids, str(held["name"]), str(held["better"]), values, **words, **arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file} is damaged ({error}); evaluate the run again") from error
