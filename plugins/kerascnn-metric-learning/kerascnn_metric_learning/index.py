"""Vectors that are kept in a file with their names and classes, and what is nearest among them. NumPy is enough."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import ResourceError, UsageError

if TYPE_CHECKING:
    import numpy as np

_FORMAT = 1


def kept_threshold(run: Path) -> float | None:
    """Return the threshold that an evaluation of a run's validation split found, None where there was none.

    Raises UsageError where that cannot be read.
    """
    file = run / "evaluation" / "validation.json"
    try:
        kept = json.loads(file.read_text("utf-8")).get("threshold")
        return None if kept is None else float(kept["threshold"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{file} cannot be read: {error}; evaluate the run again") from None


@dataclass(frozen=True)
class Identity:
    """Whom the nearest vectors say that one is."""

    label: str
    """The class that most of them have, of as many the one with the nearest; "" where none reaches the threshold."""
    votes: int
    """How many have it, of those that reach the threshold."""
    near: list[tuple[int, float]]
    """The nearest: the place in the index and the likeness of each, -1 to 1, also of those below the threshold."""


class Index:
    """Vectors of length 1 with a name each, and where they are known a class and a picture."""

    def __init__(
        self, run: str, names: Sequence[str], labels: Sequence[str], vectors: np.ndarray,
        files: Sequence[str] = (), pictures: np.ndarray | None = None,
    ):  # fmt: skip
        """Take the run that made the vectors. `files` are those of the pictures; `pictures` stand for missing ones."""
        self.run, self.names, self.labels, self.vectors = run, list(names), list(labels), vectors
        self.files, self.pictures = list(files), pictures

    def __len__(self) -> int:
        return len(self.names)

    def nearest(self, vector: np.ndarray, most: int, without: int | None = None) -> list[tuple[int, float]]:
        """Return the places that are most like a vector, each with its likeness, the most alike first.

        `without` is a place that is left out: that of the vector itself.
        """
        import numpy as np

        cosines = self.vectors @ np.asarray(vector, "float32")
        order = np.argsort(-cosines, kind="stable")
        return [(int(i), float(cosines[i])) for i in order if i != without][:most]

    def identify(
        self, vector: np.ndarray, most: int = 5, threshold: float = -1.0, without: int | None = None
    ) -> Identity:  # fmt: skip
        """Return the class that most of the nearest vectors have. Raises UsageError where no class is known."""
        if not any(self.labels):
            raise UsageError("the index knows no classes; make it of a split, or of a folder with one for each class")
        near = self.nearest(vector, most, without)
        votes = Counter(self.labels[i] for i, likeness in near if likeness >= threshold)
        # most_common keeps the order in which it met them: the nearest first.
        [(label, count)] = votes.most_common(1) or [("", 0)]
        return Identity(label, count, near)

    def save(self, file: Path) -> None:
        """Write it into an .npz file. Raises ResourceError."""
        import numpy as np

        parts: dict[str, Any] = {
            "format": np.array(_FORMAT), "run": np.array(self.run), "names": np.array(self.names, dtype=str),
            "labels": np.array(self.labels, dtype=str), "files": np.array(self.files, dtype=str),
            "vectors": np.asarray(self.vectors, "float32"),
        }  # fmt: skip
        if self.pictures is not None:
            parts["pictures"] = self.pictures
        try:
            with file.open("wb") as opened:
                np.savez(opened, **parts)
        except OSError as error:
            raise ResourceError(f"{file} cannot be written: {error.strerror or error}") from error

    @classmethod
    def load(cls, file: str | Path, run: str = "") -> Index:
        """Return what a file holds. Raises UsageError for what is no index, or for one of another run's vectors."""
        from zipfile import BadZipFile

        import numpy as np

        try:
            with open(file, "rb") as opened, np.load(opened, allow_pickle=False) as parts:
                found = {name: parts[name] for name in parts.files}
            if int(found["format"]) != _FORMAT:
                raise ValueError(f"it has the format {found['format']}")
            names, labels, files = (found[name].tolist() for name in ("names", "labels", "files"))
            index = cls(str(found["run"]), names, labels, found["vectors"], files, found.get("pictures"))
            if not len(names) == len(labels) == len(index.vectors) or index.vectors.ndim != 2:
                raise ValueError("its parts do not fit together")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
            raise UsageError(f"{file} is no index that can be read: {error}; make it again") from None
        if run and index.run != run:
            raise UsageError(f"{file} was made with the run {index.run}, whose vectors are not those of {run}")
        return index
