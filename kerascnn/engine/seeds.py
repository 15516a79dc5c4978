"""The same training from several seeds: how far its figures depend on chance, and what the networks say together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerascnn.engine.ensemble import evaluate_together
from kerascnn.engine.folds import is_folded, of_fold
from kerascnn.engine.progress import Progress
from kerascnn.engine.several import Planned, Told, evaluated, over, train_all, write_rows
from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec, spec_from_dict
from kerascnn.spec.data import SPLITS

_MOST = 2**32
"""Seeds are below this."""


def train_seeds(
    spec: Spec,
    seeds: int,
    runs: str | Path = "runs",
    *,
    split: str | None = None,
    given: tuple[bytes, str] | None = None,
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
    told: Told = lambda one, run: None,
) -> dict[str, Any]:
    """Train a spec from the seeds `train.seed` to `train.seed + seeds - 1` and return the figures of all on a split.

    The split is validation where none is named; the training samples where there is no validation split; and the test
    split, which is each fold's own, for a spec with folds, which is trained for every seed and fold.

    The result holds `runs` (seed, run, path, samples, metrics), `metrics` (name to mean, standard deviation with n - 1,
    the 95 % interval of the mean by Student's t, and the values by seed; with folds a seed's value is the mean of its
    folds), and `ensemble`: the report of the mean of the networks' answers, None where `no_ensemble` says why. It is
    kept as `seeds-ID-SPLIT.json` in `runs`, ID being that of the first run, and its rows as `seeds-ID-SPLIT.csv`. What
    was interrupted goes on when it is called again. Raises UsageError for fewer than two seeds, and what a training
    raises: runs that are done stay.
    """
    if seeds < 2:
        raise UsageError(f"name two seeds or more (got {seeds})")
    if spec.train.seed + seeds > _MOST:
        raise UsageError(f"train.seed is {spec.train.seed}, and {seeds} seeds from there go beyond {_MOST - 1}")
    if split is not None and split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    folded = is_folded(spec)
    planned = list(_planned(spec, seeds, folded=folded))
    done = train_all(planned, runs, given=given, progress=progress, stop=stop, told=told)
    split = split or ("test" if folded else _default_split(done[0], progress))
    rows = evaluated(planned, done, split)
    together, reason = (None, "each fold has a test split of its own") if folded else _together(done, split)
    file = Path(runs) / f"seeds-{rows[0]['run']}-{split}.json"
    write_rows(file.with_suffix(".csv"), rows, split)
    found = {
        "name": spec.name,
        "seeds": [spec.train.seed + i for i in range(seeds)],
        "folds": spec.data.split.folds if folded else None,
        "split": split,
        "runs": rows,
        "metrics": over(rows, "seed"),
        "ensemble": together,
        "no_ensemble": reason,
        "table": str(file.with_suffix(".csv").resolve()),
    }
    write_json(file, found)
    return found


def of_seed(spec: Spec, seed: int) -> Spec:
    """Return the spec of one seed's training."""
    tree = spec.spell()
    tree["train"]["seed"] = seed
    return spec_from_dict(tree)


def _planned(spec: Spec, seeds: int, *, folded: bool) -> Sequence[Planned]:
    found = []
    for seed in range(spec.train.seed, spec.train.seed + seeds):
        one = of_seed(spec, seed)
        if folded:
            folds = range(spec.data.split.folds or 0)
            found += [Planned({"seed": seed, "fold": fold}, of_fold(one, fold)) for fold in folds]
        else:
            found.append(Planned({"seed": seed}, one))
    return found


def _default_split(run: RunFolder, progress: Progress | None) -> str:
    """Return the split whose figures may be looked at while choices are made."""
    if any(line["split"] == "validation" for line in run.manifest()):
        return "validation"
    if progress is not None:
        progress.note("there is no validation split: the figures are those of the training samples")
    return "train"


def _together(runs: Sequence[RunFolder], split: str) -> tuple[dict[str, Any] | None, str | None]:
    """Return the report of all runs together, or why there is none."""
    try:
        return evaluate_together(runs, split), None
    except UsageError as error:
        return None, str(error)
