"""Whether an exported model answers as the run's own does, and how fast."""

from __future__ import annotations

import os
import platform
from typing import Any

import keras
import numpy as np

from kerascnn.engine.export_helper import Helper
from kerascnn.engine.export_samples import Compared, split_of, whole
from kerascnn.engine.predict import Predictor
from kerascnn.errors import DataError, ExportError
from kerascnn.spec import DataInfo, Exporter


def parity(
    predictor: Predictor, model: keras.Model, helper: Helper, compared: Compared, exporter: Exporter
) -> dict[str, Any]:
    """Return how far the answers to the same elements are from those of the Keras model."""
    wanted = np.asarray(model.predict_on_batch(compared.elements), "float32")
    got = helper.answers(compared.elements)
    found: dict[str, Any] = {
        "samples": len(wanted),
        "split": compared.split,
        "tolerance": exporter.tolerance,
        "exact": exporter.limit is None,
    }
    if got.shape != wanted.shape or not np.isfinite(got).all():
        what = f"answers of {got.shape} instead of {wanted.shape}" if got.shape != wanted.shape else "no finite numbers"
        return {**found, "passed": False, "difference": None, "largest": None, "same_top": None, "reason": what}
    largest = float(np.abs(got - wanted).max())
    relative = largest / max(1.0, float(np.abs(wanted).max()))
    passed = relative <= exporter.tolerance
    return {
        **found,
        "passed": passed if exporter.limit is None else None,
        "difference": relative,
        "largest": largest,
        "same_top": _same_top(getattr(predictor.task, "output", ""), wanted, got),
        "reason": "" if passed else f"answers differ by up to {relative:.1e}, more than {exporter.tolerance:.0e}",
    }


def accuracy(predictor: Predictor, model: keras.Model, helper: Helper, exporter: Exporter) -> dict[str, Any]:
    """Return what the answers are worth before and after, on the whole validation split. Raises ExportError."""
    split, task = split_of(predictor), predictor.task
    each = getattr(task, "each", None)
    assert exporter.limit is not None
    if split is None or each is None:
        why = "the run has no samples" if split is None else f"the task {task.type_name} has no figure of each sample"
        raise ExportError(f"what {exporter.variant} costs cannot be told: {why}")
    facts = predictor.run.read("data.json")
    info = DataInfo(predictor.shape, tuple(predictor.labels), facts["counts"], sizes=facts["sizes"])
    scores: dict[str, list[np.ndarray]] = {"before": [], "after": []}
    truths: list[Any] = []
    try:
        for elements, truth in whole(predictor, split):
            answers = {"before": predictor.answers(elements), "after": helper.answers(elements)}
            for name, found in answers.items():
                metric, better, values = each(truth, found, info)
                scores[name].append(np.asarray(values, "float64"))
            truths.append(truth)
    except DataError as error:
        raise ExportError(f"what {exporter.variant} costs cannot be told: {error}") from error
    before, after = (np.concatenate(scores[name]) for name in ("before", "after"))
    drop = _drop(float(before.mean()), float(after.mean()), better)
    passed = drop <= exporter.limit
    return {
        "metric": metric,
        "better": better,
        "split": split,
        "samples": len(before),
        "before": float(before.mean()),
        "after": float(after.mean()),
        "drop": drop,
        "limit": exporter.limit,
        "passed": passed,
        "reason": "" if passed else f"{metric} is worse by {drop:.4f}, more than {exporter.limit:g}",
        "per_class": _per_class(truths, before, after, info.labels) if task.target == "class" else [],
    }


def latency(helper: Helper, compared: Compared) -> dict[str, Any]:
    """Return how long an answer for one element takes on this machine, and how much memory that needs."""
    found = helper.times(compared.elements)
    times = np.array(found["seconds"]) * 1000
    return {
        "latency": {
            "median_ms": float(np.median(times)),
            "p95_ms": float(np.percentile(times, 95)),
            "answers": len(times),
            "batch": 1,
            "threads": helper.threads,
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        },
        "memory": found["memory"],
    }


def _same_top(output: str, wanted: np.ndarray, got: np.ndarray) -> int | None:
    """Return for how many elements the first class, or the set of classes, is the same; None without classes."""
    if output == "classes":
        return int((wanted.argmax(-1) == got.argmax(-1)).sum())
    if output == "each_class":
        return int(((wanted >= 0.5) == (got >= 0.5)).all(-1).sum())
    return None


def _drop(before: float, after: float, better: str) -> float:
    """Return by how much a figure is worse: a difference of shares, or of errors as a part of the error before."""
    if better == "max":
        return before - after
    return (after - before) / max(before, 1e-12)


def _per_class(truths: list[Any], before: np.ndarray, after: np.ndarray, labels: Any) -> list[dict[str, Any]]:
    """Return the figure of each class before and after, those that lost most first."""
    truth = np.concatenate([np.asarray(part) for part in truths])
    rows = [
        {
            "label": label,
            "samples": int((truth == i).sum()),
            "before": float(before[truth == i].mean()),
            "after": float(after[truth == i].mean()),
        }
        for i, label in enumerate(labels)
        if (truth == i).any()
    ]
    return sorted(rows, key=lambda row: row["after"] - row["before"])
