"""Cross-validation: one training for each fold, and what they say together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerascnn.engine.progress import Progress
from kerascnn.engine.several import Planned, evaluated, over, train_all, write_rows
from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Spec, spec_from_dict


def cross_validate(
    spec: Spec,
    runs: str | Path = "runs",
    *,
    given: tuple[bytes, str] | None = None,
    progress: Progress | None = None,
    stop: Callable[[], int | None] = lambda: None,
    told: Callable[[int, RunFolder], None] = lambda fold, run: None,
) -> dict[str, Any]:
    """Train a spec once for each of its folds, evaluate each on its test split, and return the figures of all.

    The result holds `runs` (fold, run, path, samples, metrics) and `metrics` (name to mean, standard deviation with
    n - 1, the 95 % interval of the mean, and the values by fold); the interval is a little too narrow, as folds share
    most of their training samples. It is kept as `folds-ID.json` in `runs`, ID being that of the first run, and its
    rows as `folds-ID.csv`. `told` is called after each fold. What was interrupted goes on when it is called again.
    Raises UsageError for a spec without folds, and what a training raises: runs that are done stay.
    """
    if not is_folded(spec):
        raise UsageError("cross-validation needs data.split.folds, and no data.split.fold")
    planned = [Planned({"fold": fold}, of_fold(spec, fold)) for fold in range(spec.data.split.folds or 0)]
    done = train_all(
        planned,
        runs,
        given=given,
        progress=progress,
        stop=stop,
        told=lambda one, run: told(one.keys["fold"], run),
    )
    rows = evaluated(planned, done, "test")
    file = Path(runs) / f"folds-{rows[0]['run']}.json"
    write_rows(file.with_suffix(".csv"), rows, "test")
    table = str(file.with_suffix(".csv").resolve())
    found = {"name": spec.name, "folds": len(rows), "runs": rows, "metrics": over(rows, "fold"), "table": table}
    write_json(file, found)
    return found


def is_folded(spec: Spec) -> bool:
    """Return whether a spec asks for a training for each of its folds."""
    return spec.data.split.folds is not None and spec.data.split.fold is None


def of_fold(spec: Spec, fold: int) -> Spec:
    """Return the spec of one fold's training."""
    tree = spec.spell()
    tree["data"]["split"]["fold"] = fold
    return spec_from_dict(tree)
