"""Figures of a trained run on one of its splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerascnn.engine.each_picture import each_picture
from kerascnn.engine.held import HeldSplit
from kerascnn.engine.judge import judge
from kerascnn.engine.predict import Predictor
from kerascnn.engine.report import write_report
from kerascnn.engine.temperature import temperature_of
from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.answers import FOLDER, KEPT, KeptAnswers, write_answers
from kerascnn.runs.atomic import write_json
from kerascnn.runs.each import write_figures
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.data import SPLITS


def evaluate(
    run: RunFolder, split: str = "test", predictor: Predictor | None = None, *, tta: str | Sequence[str] = ()
) -> dict[str, Any]:
    """Return the report of a run on a split, and keep it in the run.

    It writes `evaluation/SPLIT.json`, `SPLIT.npz` (every answer; of masks and boxes `SPLIT.each.npz`, a figure of each
    picture and what is said of the worst) and `report.html`. With `tta`
    ("flip", "shift", "scale") answers are means over changed versions of each picture; then it writes
    `evaluation/SPLIT.tta.json` alone, with "tta" in it, and the others stay as they are.

    The samples are read again from the source and must be those that the run was made with, to the byte. Raises
    UsageError for a split that the run does not have, DataError where its data has changed.
    """
    predictor = predictor or Predictor(run, tta)
    ids, truth, answers = answered(predictor, split)
    if predictor.tta:
        return _kept_apart(predictor, split, ids, truth, answers)
    report = kept(predictor, split, ids, truth, answers, temperature_of(predictor.model))
    write_report(run)
    return report


def answered(predictor: Predictor, split: str) -> tuple[list[str], Any, np.ndarray]:
    """Return the ids of a split's samples, what they are to be answered with, and the network's answers."""
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split}'; there are {', '.join(SPLITS)}")
    held = HeldSplit(predictor.spec, predictor.run.manifest(), predictor.form, split)
    task = predictor.task
    found = [(task.truth(answers, elements), predictor.answers(elements)) for elements, answers in held.batches()]
    parts = [truth for truth, _ in found]
    truth = np.concatenate(parts) if isinstance(parts[0], np.ndarray) else [one for part in parts for one in part]
    return [sample.id for sample in held.samples], truth, np.concatenate([answers for _, answers in found])


def kept(
    predictor: Predictor, split: str, ids: Sequence[str], truth: Any, answers: np.ndarray, temperature: float
) -> dict[str, Any]:
    """Return the report of answers, and keep both in the run. Raises ResourceError."""
    report = judge(predictor, split, ids, truth, answers, temperature)
    folder = _folder(predictor.run)
    if predictor.spec.data.source.target in KEPT and predictor.task.alone:
        write_answers(predictor.run, split, KeptAnswers(list(ids), np.asarray(truth), answers))
    elif (figures := each_picture(predictor, ids, truth, answers)) is not None:
        write_figures(predictor.run, split, figures)
    write_json(folder / f"{split}.json", report)
    return report


def _kept_apart(
    predictor: Predictor, split: str, ids: Sequence[str], truth: Any, answers: np.ndarray
) -> dict[str, Any]:
    """Return the report of answers that are means, and keep it beside the plain one."""
    report = judge(predictor, split, ids, truth, answers, temperature_of(predictor.model))
    done = {"names": list(predictor.tta), "passes": len(predictor.versions)}
    report["tta"] = done | {"versions": [version.said for version in predictor.versions]}
    report["notes"] = [*predictor.told, *report.get("notes", [])]
    write_json(_folder(predictor.run) / f"{split}.tta.json", report)
    return report


def _folder(run: RunFolder) -> Path:
    folder = run.path / FOLDER
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ResourceError(f"cannot make {folder}: {error.strerror or error}") from error
    return folder
