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

from kerascnn.run import Run
from kerascnn.spec import DataInfo, Spec
from kerascnn.spec.load import parse_spec, read_file

if TYPE_CHECKING:
    import keras

    from kerascnn.engine.progress import Progress


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
    spec, given = _loaded(spec, overrides)
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
    `["runs"]` says where each run is. What was interrupted goes on when it is called again. Raises UsageError for a
    spec without folds, and what `train` raises.
    """
    spec, given = _loaded(spec, overrides)
    from kerascnn.engine.folds import cross_validate as work

    return work(spec, runs, given=given, progress=progress)


def train_seeds(
    spec: Spec | str | Path,
    seeds: int,
    runs: str | Path = "runs",
    *,
    split: str | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a spec (or the file of one) from `seeds` seeds, `train.seed` and those after it; return the figures of all.

    `["metrics"]["accuracy"]` holds mean, sd, low and high (the 95 % interval of the mean) and the values by seed;
    `["ensemble"]` the report of the networks together, None where `["no_ensemble"]` says why; `["runs"]` where each
    run is; `["table"]` the CSV file with a row for each. The figures are of the validation split; the test split is
    read only where it is named. What was interrupted goes on when it is called again. Raises UsageError, and what
    `train` raises.
    """
    spec, given = _loaded(spec, overrides)
    from kerascnn.engine.seeds import train_seeds as work

    return work(spec, seeds, runs, split=split, given=given, progress=progress)


def evaluate_together(runs: Sequence[Run | str | Path], split: str = "test") -> dict[str, Any]:
    """Return the report of the mean of the runs' answers on a split, as `Run.evaluate` does for one. It is not kept.

    Raises UsageError where the runs do not go together, DataError where their data has changed.
    """
    from kerascnn.engine.ensemble import evaluate_together as work

    return work([(run if isinstance(run, Run) else Run(run)).folder for run in runs], split)


def compare(first: Run | str | Path, second: Run | str | Path, split: str = "test") -> dict[str, Any]:
    """Return how the second run differs from the first on a split that both were evaluated on.

    `["metrics"]` are the figures side by side, `["tests"]` say whether a difference may be chance, `["fixed"]` and
    `["broke"]` name the samples whose answer became right or wrong, `["spec"]` holds the keys that differ,
    `["verdict"]` is a sentence. Raises UsageError where they were not evaluated on the same samples.
    """
    from kerascnn.runs.compare import compare as work

    one, two = ((run if isinstance(run, Run) else Run(run)).folder for run in (first, second))
    return work(one, two, split)


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


def _loaded(spec: Spec | str | Path, overrides: Sequence[str]) -> tuple[Spec, tuple[bytes, str] | None]:
    """Return a spec, and its own text and ending where it comes from a file."""
    if isinstance(spec, Spec):
        if overrides:
            raise ValueError("overrides change a spec file; give its path, or change the Spec itself")
        return spec, None
    content = read_file(Path(spec))
    ending = ".json" if str(spec).lower().endswith(".json") else ".yaml"
    return parse_spec(content, str(spec), overrides), (content, ending)


def __getattr__(name: str) -> Any:
    if name == "Prediction":
        from kerascnn.engine.predict import Prediction

        return Prediction
    raise AttributeError(f"module 'kerascnn.api' has no attribute '{name}'")
