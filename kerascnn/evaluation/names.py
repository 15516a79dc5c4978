"""Names of metrics for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = {
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "f1": "F1",
    "mae": "MAE",
    "rmse": "RMSE",
    "mase": "MASE",
    "r2": "R2",
    "cohen_kappa": "Cohen's kappa",
    "matthews": "Matthews correlation",
    "smape": "SMAPE",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "iou": "IoU",
    "mean_iou": "mean IoU",
    "picture_iou": "picture IoU",
    "box_f1": "box F1",
    "map50": "mAP@.5",
    "map50_95": "mAP@[.5:.95]",
    "top3_accuracy": "top-3 accuracy",
    "top5_accuracy": "top-5 accuracy",
}


def say_name(name: str) -> str:
    """Return a metric's name for people.

    >>> say_name("balanced_accuracy"), say_name("roc_auc")
    ('balanced accuracy', 'ROC AUC')
    """
    return _NAMES.get(name, name.replace("_", " "))


def interval_of(report: Mapping[str, Any], name: str) -> tuple[float, float] | None:
    """Return the 95 % interval of a figure: its own (`NAME_low`, `NAME_high`), else that of the bootstrap."""
    metrics = report["metrics"]
    bounds = report.get("intervals", {}).get(name)
    if f"{name}_low" in metrics:
        bounds = [metrics[f"{name}_low"], metrics[f"{name}_high"]]
    return None if bounds is None else (bounds[0], bounds[1])
