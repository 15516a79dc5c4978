"""What a run answered on a split: kept beside the report, so that nothing has to run the model a second time."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_with
from kerascnn.runs.folder import RunFolder

if TYPE_CHECKING:
    import numpy as np

FOLDER = "evaluation"
KEPT = ("class", "classes", "values", "forecast")
"""What samples may be answered with for the answers to be kept: masks and boxes would be as large as the pictures."""


@dataclass(frozen=True)
class KeptAnswers:
    """The answers on one split, a row for each sample."""

    ids: list[str]
    """The samples, by their ids in the manifest."""
    truth: np.ndarray
    """Class numbers `(n,)`; 0 or 1 for each class, `(n, classes)`; or values, float32 `(n, values)`."""
    answers: np.ndarray
    """The network's, float32 `(n, outputs)`."""

    def rows_of(self, ids: list[str]) -> np.ndarray:
        """Return in which rows these samples stand. Raises KeyError for one that is not there."""
        import numpy as np

        places = {name: row for row, name in enumerate(self.ids)}
        return np.array([places[name] for name in ids], dtype=int)


def answers_file(run: RunFolder, split: str) -> Path:
    """Return the file in which the answers on a split are kept."""
    return run.path / FOLDER / f"{split}.npz"


def write_answers(run: RunFolder, split: str, kept: KeptAnswers) -> None:
    """Write `evaluation/SPLIT.npz`. Raises ResourceError."""
    import numpy as np

    def fill(part: Path) -> None:
        with part.open("xb") as file:
            np.savez_compressed(file, ids=np.array(kept.ids), truth=kept.truth, answers=kept.answers)

    write_with(answers_file(run, split), fill)


def read_answers(run: RunFolder, split: str) -> KeptAnswers:
    """Return what `write_answers` wrote. Raises UsageError where there is nothing, or nothing that can be read."""
    import numpy as np

    file = answers_file(run, split)
    if not file.is_file():
        raise UsageError(
            f"run {run.id} has no answers on its {split} split; `kerascnn evaluate {run.id} --split {split}` makes them"
        )
    try:
        with np.load(file, allow_pickle=False) as held:
            return KeptAnswers([str(name) for name in held["ids"]], held["truth"], held["answers"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file} is damaged ({error}); evaluate the run again") from error
