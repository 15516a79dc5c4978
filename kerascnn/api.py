"""The Python API. It is light to import: keras comes with the first call that needs it.

>>> import kerascnn
>>> spec = kerascnn.load_spec("templates/image_classification/lenet5.yaml")
>>> run = kerascnn.train(spec)                                      # doctest: +SKIP
>>> run.evaluate("test")["metrics"]["accuracy"]                     # doctest: +SKIP
0.98
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.errors import DataError
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.load import parse_spec, read_file

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd

    from kerascnn.engine.predict import Prediction, Predictor
    from kerascnn.engine.progress import Progress


class Run:
    """A training and everything it left: figures, model, data manifest.

    `Run("runs/20261121-101500-7f3a9c")`, or `Run.find("latest")`.
    """

    def __init__(self, path: str | Path | RunFolder):
        self.folder = path if isinstance(path, RunFolder) else RunFolder.find(path)
        self._predictor: Predictor | None = None

    @classmethod
    def find(cls, name: str = "latest", runs: str | Path = "runs") -> Run:
        """Return the run of that id, of a beginning of it, or the latest one. Raises UsageError."""
        return cls(RunFolder.find(name, runs))

    @classmethod
    def all(cls, runs: str | Path = "runs") -> list[Run]:
        """Return every run under a folder, oldest first."""
        return [cls(folder) for folder in list_runs(runs)]

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, state={self.state!r})"

    @property
    def id(self) -> str:
        """The generated name of the run."""
        return self.folder.id

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def state(self) -> str:
        """new, running, finalizing, done, failed, diverged, stopped or lost."""
        return self.folder.state.state

    @property
    def history(self) -> list[dict[str, Any]]:
        """A mapping of figures for each epoch."""
        return self.folder.metrics()

    @property
    def metrics(self) -> dict[str, Any]:
        """The figures of the epoch whose model was kept."""
        return dict(self.folder.summary()["metrics"])

    @property
    def labels(self) -> list[str]:
        """The classes in the order of the model's outputs."""
        return list(self.folder.read("labels.json"))

    @property
    def effective(self) -> dict[str, Any]:
        """What was really done: precision, XLA, rates, trainable parameters, augmentation."""
        return dict(self.folder.read("effective.json"))

    @property
    def model(self) -> keras.Model:
        """The Keras model: raw uint8 pictures of its input size in, float32 probabilities out."""
        return self._loaded().model

    def resume(self, *, progress: Progress | None = None) -> Run:
        """Go on with a training that was stopped, failed, or whose process is gone, and return this run.

        On the same machine and versions it ends on the bits of one that was never stopped. Raises UsageError where
        there is nothing to go on with, DataError where the data has changed.
        """
        from kerascnn.engine.train import resume

        resume(self.folder, progress=progress)
        self._predictor = None
        return self

    def evaluate(self, split: str = "test") -> dict[str, Any]:
        """Return the report on a split ("test", "validation", "train"): metrics, a row for each class, confusions.

        Raises UsageError where the run has no such split or no model, DataError where its data has changed.
        """
        from kerascnn.engine.evaluate import evaluate

        return evaluate(self.folder, split, self._loaded())

    def predict(
        self, items: str | Path | Sequence[str | Path] | np.ndarray | Sequence[np.ndarray] | pd.DataFrame
    ) -> list[Prediction] | pd.DataFrame:
        """Return a Prediction for each element.

        Takes paths of files and folders (pictures, .txt, .wav, .npy or .csv, by what the model reads); uint8 arrays
        `(height, width)`, `(height, width, channels)` or a batch `(n, height, width, channels)` of any size; or a
        DataFrame with a column `path`, which comes back with the columns `label` and `confidence`, and one `p_LABEL`
        for each class or one for each number. Raises DataError that names every file that cannot be read.
        """
        import pandas as pd

        if isinstance(items, pd.DataFrame):
            return self._predict_frame(items)
        predictor = self._loaded()
        arrays = _arrays(items)
        if arrays is not None:
            predictions, bad = predictor.predict(arrays, [str(i) for i in range(len(arrays))])
            count = len(arrays)
        else:
            paths = [items] if isinstance(items, str | Path) else list(items)
            if not paths:
                return []
            predictions, bad, count = predictor.predict_files(paths)
        if bad:
            raise DataError(f"{len(bad)} of {count} {'elements' if arrays else 'files'} cannot be read", bad)
        return predictions

    def _predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        if "path" not in frame:
            raise DataError(f"the DataFrame has no column 'path' (there are: {', '.join(map(str, frame.columns))})")
        predictions = self.predict([Path(path) for path in frame["path"]]) if len(frame) else []
        assert isinstance(predictions, list)
        columns: dict[str, list[Any]] = {
            "label": [prediction.label for prediction in predictions],
            "confidence": [prediction.confidence for prediction in predictions],
        }
        for label in self._loaded().labels:
            numbers = [(prediction.probabilities or prediction.values).get(label) for prediction in predictions]
            columns[f"p_{label}" if all(p.probabilities for p in predictions) else label] = numbers
        return frame.assign(**columns)

    def _loaded(self) -> Predictor:
        from kerascnn.engine.predict import Predictor

        if self._predictor is None:
            self._predictor = Predictor(self.folder)
        return self._predictor


def train(
    spec: Spec | str | Path,
    runs: str | Path = "runs",
    *,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
) -> Run:
    """Train a spec (or the file of one) in a new run folder under `runs` and return the run.

    Seeds Python's, NumPy's and Keras's global random generators. Raises SpecError, DataError, BuildError,
    DivergedError, ResourceError; the run folder then says why.
    """
    given = None
    if not isinstance(spec, Spec):
        content = read_file(Path(spec))
        given = (content, ".json" if str(spec).lower().endswith(".json") else ".yaml")
        spec = parse_spec(content, str(spec), overrides)
    elif overrides:
        raise ValueError("overrides change a spec file; give its path, or change the Spec itself")
    from kerascnn.engine.train import train as work

    return Run(work(spec, runs, given=given, progress=progress, stop=stop))


def cross_validate(
    spec: Spec | str | Path,
    runs: str | Path = "runs",
    *,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a spec (or the file of one) once for each of its folds, and return the figures of all.

    `data.split.folds` says how many there are. `["metrics"]["accuracy"]` holds mean, sd and the values by fold;
    `["runs"]` says where each run is. Raises UsageError for a spec without folds, and what `train` raises.
    """
    given = None
    if not isinstance(spec, Spec):
        content = read_file(Path(spec))
        given = (content, ".json" if str(spec).lower().endswith(".json") else ".yaml")
        spec = parse_spec(content, str(spec), overrides)
    from kerascnn.engine.folds import cross_validate as work

    return work(spec, runs, given=given, progress=progress)


def build_model(spec: Spec, info: DataInfo) -> keras.Model:
    """Return the Keras model of a spec for data of this shape and these classes, with fresh weights, not compiled.

    `DataInfo.of((28, 28, 1), classes=10)` describes data that is not there. Raises BuildError with the spec's path,
    ResourceError where the weights do not fit into memory.
    """
    from kerascnn.engine.build import build_model as build
    from kerascnn.engine.faults import explain

    try:
        return build(spec, info)
    except Exception as error:
        explained = explain(error)
        if explained is error:
            raise
        raise explained from error


def _arrays(items: Any) -> list[Any] | None:
    """Return single arrays where arrays are given, else None."""
    import numpy as np

    if isinstance(items, np.ndarray):
        return list(items) if items.ndim == 4 else [items]
    if isinstance(items, str | Path) or not any(isinstance(item, np.ndarray) for item in items):
        return None
    return list(items)


def __getattr__(name: str) -> Any:
    if name == "Prediction":
        from kerascnn.engine.predict import Prediction

        return Prediction
    raise AttributeError(f"module 'kerascnn.api' has no attribute '{name}'")
