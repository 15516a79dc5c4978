"""A trained run put to use: vectors of files, the most alike of a folder, and whether two are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn import Run
from kerascnn.errors import DataError, UsageError, counted

if TYPE_CHECKING:
    import numpy as np


class Vectors:
    """Makes vectors with a run: one of `metric.verification`, or a classifier with the core's head `embedding`.

    Raises UsageError for another run.
    """

    def __init__(self, run: Run):
        from kerascnn.engine.predict import Predictor

        self.run = run
        self.predictor = Predictor(run.folder)
        head, task = self.predictor.spec.model.head.type_name, self.predictor.task.type_name
        if task != "metric.verification":
            if head != "embedding":
                raise UsageError(
                    f"run {run.id} has the head '{head}', which makes no vectors; train one with the task "
                    "metric.verification, or with the head 'embedding'"
                )
            # A cached property: the predictor does with the vectors whatever it does with answers.
            self.predictor.__dict__["model"] = _to_vectors(self.predictor.model)

    def of_files(self, paths: Sequence[str | Path]) -> tuple[list[str], np.ndarray]:
        """Return the files, those of folders and below included, and their vectors `(n, length)`.

        Raises DataError that names every file that cannot be read.
        """
        import numpy as np

        from kerascnn.engine.inputs import input_files, read_inputs
        from kerascnn.engine.media import Raw
        from kerascnn.engine.predict import at_a_time

        form = self.predictor.form
        files = input_files(paths, form.medium)
        payloads, kept, bad = read_inputs(files, form.medium)
        wrong, parts, many = list(bad), [], at_a_time(self.predictor.shape)
        for start in range(0, len(payloads), many):
            names = kept[start : start + many]
            read = form.read(payloads[start : start + many])
            wrong += [(str(n), str(raw)) for n, raw in zip(names, read, strict=True) if isinstance(raw, Exception)]
            if not wrong:
                parts.append(self.predictor.answers(np.stack([raw.array for raw in read if isinstance(raw, Raw)])))
        if wrong:
            raise DataError(f"{len(wrong)} of {counted(len(files), 'file', 'files')} cannot be read", wrong)
        return [str(file) for file in kept], np.concatenate(parts)

    def of_split(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the class numbers of a split's samples and their vectors. Raises UsageError, DataError."""
        from kerascnn.engine.evaluate import answered

        _, truth, vectors = answered(self.predictor, split)
        return truth, vectors

    def threshold(self) -> float:
        """Return the threshold that the run kept on its validation split. Raises UsageError where it has none."""
        file = "evaluation/validation.json"
        kept = self.run.folder.read(file).get("threshold") if (self.run.path / file).is_file() else None
        if kept is None:
            raise UsageError(
                f"run {self.run.id} keeps no threshold; `kerascnn evaluate {self.run.id} --split validation` finds one "
                "for a run of metric.verification, or name one with --threshold"
            )
        return float(kept["threshold"])


class Gallery:
    """The pictures of a folder, ready to be searched by what a run makes of them."""

    def __init__(self, vectors: Vectors, folder: str | Path):
        """Raise DataError where a picture cannot be read, or there is none."""
        from sklearn.neighbors import NearestNeighbors

        self.vectors = vectors
        self.files, rows = vectors.of_files([folder])
        self.nearest = NearestNeighbors(algorithm="brute", metric="cosine").fit(rows)

    def search(self, picture: str | Path, most: int = 5) -> list[tuple[str, float]]:
        """Return the files that are most like a picture, each with its likeness, -1 to 1; the most alike first."""
        _, rows = self.vectors.of_files([picture])
        apart, places = self.nearest.kneighbors(rows[:1], min(most, len(self.files)))
        return [(self.files[i], float(1 - far)) for i, far in zip(places[0], apart[0], strict=True)]


def likeness(vectors: Vectors, a: str | Path, b: str | Path) -> float:
    """Return the cosine of the vectors of two files, -1 to 1."""
    _, rows = vectors.of_files([a, b])
    if len(rows) != 2:
        raise UsageError(f"name two files to compare (these are {len(rows)})")
    return float(rows[0] @ rows[1])


def judge_folder(vectors: Vectors, folder: str | Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return class numbers, vectors and classes of a folder with a folder of pictures for each class, known or not."""
    import numpy as np

    files, rows = vectors.of_files([folder])
    inside = [Path(file).relative_to(folder).parts for file in files]
    stray = [
        (file, "lies in no folder of a class") for file, parts in zip(files, inside, strict=True) if len(parts) < 2
    ]
    if stray:
        raise DataError(f"{folder} should hold a folder for each class", stray)
    labels = sorted({parts[0] for parts in inside})
    number = {label: i for i, label in enumerate(labels)}
    return np.array([number[parts[0]] for parts in inside]), rows, labels


def _to_vectors(model: Any) -> Any:
    """Return the model of a classifier up to the vectors of its head `embedding`."""
    import keras

    from kerascnn.engine.temperature import without_temperature

    model = without_temperature(model)
    head = model.get_layer("head")
    inner = keras.Model(head.input, head.get_layer("embedding").output)
    features = model.get_layer("backbone")(model.operations[-3].output)
    return keras.Model(model.input, inner({name: features[name] for name in head.input}))
