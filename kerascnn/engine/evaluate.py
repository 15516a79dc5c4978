"""Figures of a trained run on one of its splits."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from kerascnn.engine.held import HeldSplit
from kerascnn.engine.predict import Predictor
from kerascnn.engine.report import write_report
from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import DataInfo
from kerascnn.spec.data import SPLITS


def evaluate(run: RunFolder, split: str = "test", predictor: Predictor | None = None) -> dict[str, Any]:
    """Return the task's report of a run on a split, and keep it in the run: `evaluation/SPLIT.json`, `report.html`.

    The samples are read again from the source and must be those that the run was made with, to the byte. Raises
    UsageError for a split that the run does not have, DataError where its data has changed.
    """
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    predictor = predictor or Predictor(run)
    held = HeldSplit(predictor.spec, run.manifest(), predictor.form, split)
    found = [(answers, predictor.answers(elements)) for elements, answers in held.batches()]
    parts = [truth for truth, _ in found]
    truth = np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [one for part in parts for one in part]
    guesses = np.concatenate([answers for _, answers in found])
    facts = run.read("data.json")
    info = DataInfo(predictor.shape, tuple(predictor.labels), facts["counts"], sizes=facts["sizes"])
    report = predictor.task.report(truth, guesses, info)
    report = {"run": run.id, "split": split, "samples": len(held), **report, "evaluated": time.time()}
    folder = run.path / "evaluation"
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ResourceError(f"cannot make {folder}: {error.strerror or error}") from error
    write_json(folder / f"{split}.json", report)
    write_report(run)
    return report
