"""A trained run put to use: vectors, the most alike of a folder, who one is, and whether two are the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn import Run
from kerascnn.errors import DataError, UsageError, counted
from kerascnn_metric_learning.index import Identity, Index, kept_threshold

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
        kept = kept_threshold(self.run.path)
        if kept is None:
            raise UsageError(
                f"run {self.run.id} keeps no threshold; `kerascnn evaluate {self.run.id} --split validation` finds one "
                "for a run of metric.verification, or name one with --threshold"
            )
        return kept


class Gallery:
    """The pictures of a folder, or of an index that was kept, ready to be searched by what a run makes of them."""

    def __init__(self, vectors: Vectors, folder: str | Path | None = None, *, index: Index | None = None):
        """Raise DataError where a picture cannot be read, or there is none."""
        if (folder is None) == (index is None):
            raise UsageError("name a folder, or an index")
        self.vectors, self.index = vectors, index or index_of_folder(vectors, str(folder))

    def search(self, picture: str | Path, most: int = 5) -> list[tuple[str, float]]:
        """Return the names that are most like a picture, each with its likeness, -1 to 1; the most alike first."""
        near = self.index.nearest(self._vector(picture), most)
        return [(self.index.names[i], likeness) for i, likeness in near]

    def identify(self, picture: str | Path, most: int = 5, threshold: float = -1.0) -> Identity:
        """Return whom a picture shows, by its nearest neighbours. Raises UsageError where no class is known."""
        return self.index.identify(self._vector(picture), most, threshold)

    def _vector(self, picture: str | Path) -> Any:
        names, rows = self.vectors.of_files([picture])
        if len(names) != 1:
            raise UsageError(f"name one picture to look for ({picture} holds {len(names)})")
        return rows[0]


def index_of_folder(vectors: Vectors, folder: str | Path) -> Index:
    """Return the index of a folder's pictures. Those in folders of their own have the folder's name as their class."""
    files, rows = vectors.of_files([folder])
    inside = [Path(file).relative_to(folder).parts if Path(folder).is_dir() else (file,) for file in files]
    return Index(vectors.run.id, files, [parts[0] if len(parts) > 1 else "" for parts in inside], rows, files)


def index_of_split(vectors: Vectors, split: str) -> Index:
    """Return the index of a split's samples. Of samples that are no files it holds what the network gets of them.

    Raises UsageError, DataError.
    """
    import numpy as np

    from kerascnn.engine.held import HeldSplit

    predictor = vectors.predictor
    held = HeldSplit(predictor.spec, predictor.run.manifest(), predictor.form, split)
    in_files = all(isinstance(sample.payload, Path) for sample in held.samples)
    rows, pictures = [], []
    for elements, _ in held.batches():
        rows.append(predictor.answers(elements))
        if not in_files:
            pictures.append(elements)
    names, labels = [sample.id for sample in held.samples], [str(sample.label) for sample in held.samples]
    files = [str(sample.payload) for sample in held.samples] if in_files else []
    shown = np.concatenate(pictures) if pictures else None
    return Index(vectors.run.id, names, labels, np.concatenate(rows), files, shown)


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
