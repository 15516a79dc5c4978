"""Cross-validation: one training for each fold, and what they say together."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine.evaluate import evaluate
from kerascnn.engine.progress import Progress
from kerascnn.engine.train import train
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

    The result holds `runs` (fold, run, path, metrics) and `metrics` (name to mean, standard deviation with n - 1, and
    the values by fold); it is kept as `folds-ID.json` in `runs`, ID being that of the first run. `told` is called after
    each fold. Raises UsageError for a spec without folds, and what a training raises: runs that are done stay.
    """
    count = spec.data.split.folds
    if count is None or spec.data.split.fold is not None:
        raise UsageError("cross-validation needs data.split.folds, and no data.split.fold")
    rows: list[dict[str, Any]] = []
    for fold in range(count):
        run = train(of_fold(spec, fold), runs, given=given, progress=progress, stop=stop)
        report = evaluate(run, "test")
        rows.append({"fold": fold, "run": run.id, "path": str(run.path.resolve()), "metrics": report["metrics"]})
        told(fold, run)
        # Graphs of one fold are of no use to the next.
        keras.backend.clear_session()
        gc.collect()
    metrics = {}
    for name in rows[0]["metrics"]:
        values = [row["metrics"][name] for row in rows]
        if not name.endswith(("_low", "_high")):
            metrics[name] = {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1)), "values": values}
    found = {"name": spec.name, "folds": count, "runs": rows, "metrics": metrics}
    write_json(Path(runs) / f"folds-{rows[0]['run']}.json", found)
    return found


def of_fold(spec: Spec, fold: int) -> Spec:
    """Return the spec of one fold's training."""
    tree = spec.spell()
    tree["data"]["split"]["fold"] = fold
    return spec_from_dict(tree)
