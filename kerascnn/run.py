"""A run in Python: what a training left, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kerascnn.errors import DataError
from kerascnn.runs.folder import RunFolder, list_runs

if TYPE_CHECKING:
    import keras
    import numpy as np
    import pandas as pd

    from kerascnn.engine.explain import Explanation
    from kerascnn.engine.predict import Prediction, Predictor
    from kerascnn.engine.progress import Progress


class Run:
    """A training and everything it left: figures, model, data manifest.

    `Run("runs/20261121-101500-7f3a9c")`, or `Run.find("latest")`.
    """

    def __init__(self, path: str | Path | RunFolder):
        self.folder = path if isinstance(path, RunFolder) else RunFolder.find(path)
        self._predictors: dict[tuple[str, ...], Predictor] = {}
        """By their test-time augmentation."""

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
        self._predictors.clear()
        return self

    def evaluate(self, split: str = "test", *, tta: str | Sequence[str] = ()) -> dict[str, Any]:
        """Return the report on a split ("test", "validation", "train"): metrics, a row for each class, confusions.

        With `tta`, some of "flip", "shift" and "scale", answers are means over each picture as it is, mirrored
        left-right, shifted by a few pixels and scaled; the report is kept beside the plain one. Raises UsageError where
        the run has no such split, no model, or no such mean, DataError where its data has changed.
        """
        from kerascnn.engine.evaluate import evaluate

        return evaluate(self.folder, split, self._loaded(tta))

    def failures(self, split: str = "test", *, top: int = 20) -> dict[str, Any]:
        """Return where the run is wrong on a split that it was evaluated on: "worst", "sure", "confused", and
        "label_errors", candidates for wrong labels that `data.fixes` of the run has not judged; at most `top` of each.

        Raises UsageError where the run was not evaluated on it.
        """
        from kerascnn.engine.fixes import judged_in
        from kerascnn.runs.failures import failures

        return failures(self.folder, split, top=top, judged={fix.id for fix in judged_in(self.folder)})

    def robustness(self, split: str = "validation", *, samples: int = 500, seed: int = 0) -> dict[str, Any]:
        """Return how often a classifier of pictures is right on changed pictures of a split, at most `samples` of them.

        "clean", "corruptions", "by_corruption", "mean", "worst", "attacks" (FGSM and PGD) and "stability" under shifts,
        with 95 % intervals; kept as `robustness.json`. Raises UsageError for other tasks and for a split that the run
        does not have, DataError where its data has changed.
        """
        from kerascnn.engine.robustness import robustness

        return robustness(self.folder, split, samples=samples, seed=seed, predictor=self._loaded())

    def calibrate(
        self,
        *,
        unsure: float | Literal["auto"] | None = None,
        most_error: float | None = None,
        conformal: float | None = None,
    ) -> dict[str, Any]:
        """Fit a temperature on the validation split and put it into the saved model; return what was found.

        `unsure` is the confidence below which a prediction says that it is not sure; "auto" takes the smallest at which
        at most `most_error` of the other answers are wrong (left out: half of the error of all). With `conformal`, such
        as 0.9, each prediction has the set of classes that holds the right one in this share of cases. Numbers have no
        temperature and need `conformal`: each then has the range that holds the true one as often. Raises UsageError or
        DataError where that cannot be.
        """
        from kerascnn.engine.calibrate import calibrate

        found = calibrate(self.folder, unsure=unsure, most_error=most_error, conformal=conformal)
        self._predictors.clear()
        return found

    def uncalibrate(self) -> None:
        """Give the saved model its own answers back."""
        from kerascnn.engine.calibrate import uncalibrate

        uncalibrate(self.folder)
        self._predictors.clear()

    def predict(
        self,
        items: str | Path | Sequence[str | Path] | np.ndarray | Sequence[np.ndarray] | pd.DataFrame,
        *,
        tta: str | Sequence[str] = (),
    ) -> list[Prediction] | pd.DataFrame:
        """Return a Prediction for each element.

        Takes paths of files and folders (pictures, .txt, .wav, .npy or .csv, by what the model reads); uint8 arrays
        `(height, width)`, `(height, width, channels)` or a batch `(n, height, width, channels)` of any size; or a
        DataFrame with a column `path`, which comes back with the columns `label` and `confidence`, and one `p_LABEL`
        for each class or one for each number, with `low_NUMBER` and `high_NUMBER` where the run was calibrated. What
        `tta` is, `evaluate` says. Raises DataError that names every file that cannot be read.
        """
        import pandas as pd

        if isinstance(items, pd.DataFrame):
            return self._predict_frame(items, tta)
        predictor = self._loaded(tta)
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

    def explain(
        self,
        items: str | Path | Sequence[str | Path] | np.ndarray | Sequence[np.ndarray],
        method: str | Mapping[str, Any] = "grad_cam",
        *,
        label: str | None = None,
    ) -> list[Explanation]:
        """Return for each element an Explanation, whose `map` says where in it the answer comes from.

        Takes what `predict` takes, but for DataFrames. `method` is the name of an explainer, or a mapping with its
        parameters: `{"type": "grad_cam", "layer": "P4"}`. `label` is the class to explain; None: the answer's. Raises
        UsageError for an unknown class or method, DataError that names every file that cannot be read.
        """
        from kerascnn.engine.explain import Explaining

        explaining = Explaining(self._loaded(), method, label)
        arrays = _arrays(items)
        if arrays is not None:
            found, count = explaining.items(arrays, [str(i) for i in range(len(arrays))]), len(arrays)
        else:
            paths = [items] if isinstance(items, str | Path) else [Path(item) for item in items]  # type: ignore[arg-type]
            found, count = explaining.files(paths)
        good, bad = [], []
        for one in found:
            if isinstance(one, tuple):
                bad.append(one)
            else:
                good.append(one)
        if bad:
            raise DataError(f"{len(bad)} of {count} {'elements' if arrays else 'files'} cannot be read", bad)
        return good

    def export(
        self, to: str | Mapping[str, Any], *, output: str | Path | None = None, threads: int = 1
    ) -> dict[str, Any]:
        """Write the model in a format (keras, saved_model, onnx, litert or a plugin's) and return what was measured.

        `to` is the name, or a mapping with settings: `{"type": "litert", "quantize": "int8"}`. "folder" is where it
        lies: `exports/FORMAT` of the run, or `output`. "parity" says how far its answers are from Keras's, "accuracy"
        what fewer bits cost, "latency" and "memory" what an answer needs on this many threads. Raises UsageError for an
        unknown format or a missing package, ExportError, whose `found` is the same mapping, where it does not pass.
        """
        from kerascnn.engine.export import check, export

        found = export(self.folder, to, output=output, threads=threads, predictor=self._loaded())
        check(found)
        return found

    def _predict_frame(self, frame: pd.DataFrame, tta: str | Sequence[str]) -> pd.DataFrame:
        if "path" not in frame:
            raise DataError(f"the DataFrame has no column 'path' (there are: {', '.join(map(str, frame.columns))})")
        predictions = self.predict([Path(path) for path in frame["path"]], tta=tta) if len(frame) else []
        assert isinstance(predictions, list)
        columns: dict[str, list[Any]] = {
            "label": [prediction.label for prediction in predictions],
            "confidence": [prediction.confidence for prediction in predictions],
        }
        for label in self._loaded().labels:
            numbers = [(prediction.probabilities or prediction.values).get(label) for prediction in predictions]
            columns[f"p_{label}" if all(p.probabilities for p in predictions) else label] = numbers
        if any(prediction.unsure is not None for prediction in predictions):
            columns["unsure"] = [prediction.unsure for prediction in predictions]
        if any(prediction.set is not None for prediction in predictions):
            columns["set"] = [prediction.set for prediction in predictions]
        for end in ("low", "high"):
            sides = [getattr(prediction, end) for prediction in predictions]
            if sides and all(sides):
                columns |= {f"{end}_{label}": [side[label] for side in sides] for label in sides[0]}
        return frame.assign(**columns)

    def _loaded(self, tta: str | Sequence[str] = ()) -> Predictor:
        from kerascnn.engine.predict import Predictor
        from kerascnn.engine.tta import checked

        names = checked(tta) if tta else ()
        if names not in self._predictors:
            self._predictors[names] = Predictor(self.folder, names)
        return self._predictors[names]


def _arrays(items: Any) -> list[Any] | None:
    """Return single arrays where arrays are given, else None."""
    import numpy as np

    if isinstance(items, np.ndarray):
        return list(items) if items.ndim == 4 else [items]
    if isinstance(items, str | Path) or not any(isinstance(item, np.ndarray) for item in items):
        return None
    return list(items)
