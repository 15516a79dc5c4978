"""Several runs that answer together: the mean of their answers, as InceptionTime's five networks do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerascnn.engine.held import HeldSplit
from kerascnn.engine.measured import measured
from kerascnn.engine.predict import Predictor
from kerascnn.errors import UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import DataInfo
from kerascnn.spec.data import SPLITS


def evaluate_together(runs: Sequence[RunFolder], split: str = "test") -> dict[str, Any]:
    """Return the task's report of the mean of the runs' answers on a split that they have in common.

    The runs differ in their seed, or in their network: their task, their answers' names and the samples of the split
    are the same. Nothing is written. Raises UsageError where they do not go together, DataError where the data has
    changed.
    """
    if len(runs) < 2:
        raise UsageError(f"name two runs or more that answer together (got {len(runs)})")
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    ids = [run.path.resolve() for run in runs]
    twice = next((run.id for run in runs if ids.count(run.path.resolve()) > 1), None)
    if twice is not None:
        raise UsageError(f"run {twice} is named twice; it would count double in the mean")
    first = Predictor(runs[0])
    for run in runs[1:]:
        check_alike(first, Predictor(run), split)
    total: np.ndarray | None = None
    for run in runs:
        one = Predictor(run)  # a new one each time, so that one model is in memory
        answers = np.concatenate([one.answers(elements) for elements, _ in _held(one, split).batches()])
        if total is not None and answers.shape != total.shape:
            raise UsageError(
                f"run {run.id} answers {_say(answers.shape[1:])} numbers for each sample; run {first.run.id} answers "
                f"{_say(total.shape[1:])}"
            )
        total = answers.astype("float64") if total is None else total + answers
    assert total is not None
    held = _held(first, split)
    parts = [truth for _, truth in held.batches()]
    truth = np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [one for part in parts for one in part]
    facts = first.run.read("data.json")
    info = DataInfo(first.shape, tuple(first.labels), facts["counts"], sizes=facts["sizes"])
    mean = (total / len(runs)).astype("float32")
    report = first.task.report(truth, mean, info)
    figures, bounds, missing = measured(first.spec.evaluate.metrics, truth, mean, info)
    report["metrics"] = report["metrics"] | figures
    report["intervals"] = report.get("intervals", {}) | bounds
    if missing:
        report["notes"] = [*report.get("notes", []), *missing]
    return {"runs": [run.id for run in runs], "split": split, "samples": len(held), **report}


def _held(predictor: Predictor, split: str) -> HeldSplit:
    return HeldSplit(predictor.spec, predictor.run.manifest(), predictor.form, split)


def check_alike(first: Predictor, other: Predictor, split: str) -> None:
    """Raise UsageError where the mean of the answers of two runs would mean nothing, or be of other samples."""
    if other.task.type_name != first.task.type_name or other.labels != first.labels:
        raise UsageError(
            f"run {other.run.id} answers {other.task.type_name} with {', '.join(other.labels[:5])}; run "
            f"{first.run.id} answers {first.task.type_name} with {', '.join(first.labels[:5])}"
        )
    if not first.task.alone:
        raise UsageError(
            f"answers of {first.task.type_name} mean something only beside others of the same network; "
            "those of several have no mean"
        )
    if other.spec.data.source.target in ("mask", "boxes") and other.shape[:2] != first.shape[:2]:
        raise UsageError(
            f"run {other.run.id} answers for pictures of {_say(other.shape[:2])} pixels; run {first.run.id} for "
            f"pictures of {_say(first.shape[:2])}: places in one are no places in the other"
        )
    if not _contents(first, split):
        raise UsageError(f"run {first.run.id} has no {split} split")
    if _contents(other, split) != _contents(first, split):
        raise UsageError(
            f"the {split} split of run {other.run.id} has other samples than that of run {first.run.id}; train with "
            "the same data.split.file, or with a split that the source itself has: else train.seed draws it"
        )


def _contents(predictor: Predictor, split: str) -> list[tuple[str, str]]:
    return [(line["id"], line["sha256"]) for line in predictor.run.manifest() if line["split"] == split]


def _say(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
