"""Formats in which trained models are handed on, and what an exporter is given besides the model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from kerascnn.spec.component import Component

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


@dataclass(frozen=True)
class Exporting:
    """What travels with a model, and what its numbers look like."""

    card: Mapping[str, Any]
    """What is needed to use it, as JSON: the names of the classes, the form of its input, temperature and threshold,
    versions. It is written beside the model in any case, as card.json."""
    samples: np.ndarray
    """Raw elements `(n, *shape)` of the training split, as many as `representative` asks for or fewer; it may be 0."""


class Exporter(Component):
    """A format in which a trained model is handed on. No spec holds one: `kerascnn export RUN --to FORMAT`."""

    kind: ClassVar[str] = "exporter"
    folder: ClassVar[str] = "kerascnn.exporters"
    file: ClassVar[str] = "model"
    """The name of what it writes, a file or a folder, beside the card."""
    backend: ClassVar[str] = "tensorflow"
    """The backend of Keras that the model has to be on, in float32; "": any, in the precision that it has."""
    packages: ClassVar[tuple[str, ...]] = ()
    """The Python packages that it cannot do without, where not every installation has them."""
    install: ClassVar[str] = ""
    """What pip has to install for them."""
    strings: ClassVar[bool] = False
    """Whether models of texts take these as strings, too, and not the numbers of their tokens alone."""

    tolerance: float = Field(1e-4, gt=0, le=1)
    """How far an answer may be from that of Keras, as a part of the largest answer, or of 1 where that is smaller."""

    @property
    def variant(self) -> str:
        """What its folder is called besides the format, where its settings make another model of it, such as "int8"."""
        return ""

    @property
    def folder_name(self) -> str:
        """What the folder of its exports is called."""
        return "-".join(part for part in (self.type_name, self.variant) if part)

    @property
    def representative(self) -> int:
        """How many training samples it has to see, 0 for none."""
        return 0

    @property
    def limit(self) -> float | None:
        """By how much the figure that counts may become worse, 0 to 1; None where answers have to stay the same."""
        return None

    @abstractmethod
    def write(self, model: Any, path: Path, about: Exporting) -> None:
        """Write a Keras model as the file or folder `path`, which is not there yet.

        It takes raw elements and gives the answers, for batches of any size. Raises ExportError where it cannot.
        """

    @abstractmethod
    def open(self, path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return a function from elements to answers that runs what was written, on this many threads.

        It is called in a process of its own, without Keras where the format needs none, and with the number of threads
        in the variables that TensorFlow and OpenMP read.
        """
