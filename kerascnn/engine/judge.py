"""Everything that an evaluation says of the answers on a split, beyond the task's own report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerascnn.engine.measured import measured
from kerascnn.engine.predict import Predictor
from kerascnn.engine.ranges import gives_numbers, judge_ranges
from kerascnn.evaluation.calibration import Kind, calibration
from kerascnn.evaluation.conformal import members
from kerascnn.evaluation.slices import slices
from kerascnn.evaluation.thresholds import recommended, risk
from kerascnn.spec import DataInfo, Task

_KINDS: Mapping[tuple[str, str], Kind] = {("class", "classes"): "softmax", ("classes", "each_class"): "sigmoid"}
"""By what samples are answered with and what heads answer with."""


def kind_of(task: Task) -> Kind | None:
    """Return how the probabilities of a task's answers are made; None where it gives none for a whole sample."""
    return _KINDS.get((task.target, task.output))


def judge(
    predictor: Predictor, split: str, ids: Sequence[str], truth: Any, answers: np.ndarray, temperature: float
) -> dict[str, Any]:
    """Return the report of a run on a split from the samples' truth and the network's answers, as plain data.

    `temperature` is that of the model that gave the answers. "slices" are by the metadata of the manifest, the worst
    first; "calibration" and "coverage" are for answers with probabilities, "sets" and "unsure" where the run was
    calibrated with them; "ranges" are for numbers, where it was calibrated. The metrics of the spec's `evaluate` are
    among "metrics", with "intervals", and there is no "floor" for them.
    """
    run, task = predictor.run, predictor.task
    facts = run.read("data.json")
    info = DataInfo(predictor.shape, tuple(predictor.labels), facts["counts"], sizes=facts["sizes"])
    report = {"run": run.id, "split": split, "samples": len(ids), **task.report(truth, answers, info)}
    notes = list(report.pop("notes", []))
    figures, bounds, missing = measured(predictor.spec.evaluate.metrics, truth, answers, info)
    if figures:
        report["metrics"] = {**report["metrics"], **figures}
        report["intervals"] = {**report.get("intervals", {}), **bounds}
    notes += missing
    each = getattr(task, "each", None)
    columns = _columns(run.manifest(), ids)
    if columns and each is not None:
        report["slices"], left_out = slices(columns, *each(truth, answers, info))
        notes += left_out
    kind = kind_of(task)
    if kind:
        report |= {"temperature": temperature, "calibration": calibration(truth, answers, kind)}
        report |= decided(task, truth, answers, predictor.calibration)
    elif gives_numbers(task, info) and predictor.calibration:
        report["ranges"] = judge_ranges(predictor.labels, truth, answers, predictor.calibration["conformal"])
    return {**report, **({"notes": notes} if notes else {}), "evaluated": time.time()}


def decided(task: Any, truth: np.ndarray, answers: np.ndarray, stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return "coverage", the error where only sure answers count, and what the stored threshold and sets come to."""
    found = risk(*task.decisions(truth, answers))
    told: dict[str, Any] = {"coverage": {"curve": found.curve(), "recommended": recommended(found)}}
    stored = stored or {}
    if stored.get("unsure"):
        threshold = stored["unsure"]["threshold"]
        coverage, error = found.at(threshold)
        told["unsure"] = {"threshold": threshold, "coverage": coverage, "error": error}
    if stored.get("conformal"):
        inside = members(answers, stored["conformal"]["lowest"])
        told["sets"] = {
            "wished_coverage": stored["conformal"]["coverage"],
            "coverage": float(inside[np.arange(len(answers)), np.asarray(truth, dtype=int)].mean()),
            "mean_size": float(inside.sum(1).mean()),
        }
    return told


def _columns(manifest: Sequence[Mapping[str, Any]], ids: Sequence[str]) -> dict[str, list[str]]:
    """Return what the manifest tells of these samples besides their answers, by column."""
    lines = {line["id"]: line.get("metadata", {}) for line in manifest}
    names = dict.fromkeys(name for each in ids for name in lines.get(each, {}))
    return {name: [str(lines.get(each, {}).get(name, "")) for each in ids] for name in names}
