"""Several runs by a figure of their best epoch, repeats of one spec together, and what tells their specs apart."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from kerascnn.errors import PluginError, UsageError
from kerascnn.runs.compare import _leaves
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.component import find
from kerascnn.spec.section import nearest

Row = dict[str, Any]
"""A run: its summary, and its resolved spec under "spec"; or a group of runs, with what they have in common."""


def rows_of(runs: Sequence[RunFolder]) -> list[Row]:
    """Return a row for each run, in their order. Raises UsageError for a run that cannot be read."""
    return [{**run.summary(), "spec": run.read("spec.resolved.json")} for run in runs]


def is_upwards(rows: Sequence[Row], figure: str) -> bool:
    """Return whether more of a figure is better, as the runs' tasks have it.

    Raises UsageError where no run has the figure, or the tasks do not say, or do not agree.
    """
    having = [row for row in rows if figure in row["metrics"]]
    if not having:
        known = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
        near = nearest(figure, known)
        hint = f"did you mean '{near}'?" if near else f"there are {', '.join(known) or 'none'}"
        raise UsageError(f"no run has a figure '{figure}' of its best epoch; {hint}")
    said = {name: _said(name, figure) for name in dict.fromkeys(row["spec"]["task"]["type"] for row in having)}
    if len(set(said.values())) > 1:
        both = ", ".join(f"{'more' if up else 'less'} for {name}" for name, up in said.items())
        raise UsageError(f"of {figure} not the same is better: {both}; name runs of one task")
    return next(iter(said.values()))


def _said(task: str, figure: str) -> bool:
    name = figure.removeprefix("val_")
    if name == "loss":
        return False
    try:
        cls: Any = find("task", task)
    except PluginError as error:
        raise UsageError(f"whether more of {figure} is better cannot be told: {error}") from None
    known = {} if cls is None else cls.metrics
    if name not in known:
        why = f"the task '{task}' is not installed" if cls is None else f"the task '{task}' does not say"
        raise UsageError(f"whether more of {figure} is better cannot be told: {why}")
    return bool(known[name] == "max")


def ranked(rows: Sequence[Row], figure: str) -> list[Row]:
    """Return the rows with the best one first, those without the figure last. Raises UsageError as `is_upwards`."""
    sign = -1 if is_upwards(rows, figure) else 1
    return sorted(rows, key=lambda row: (figure not in row["metrics"], sign * row["metrics"].get(figure, 0)))


def grouped(rows: Sequence[Row], figure: str) -> list[Row]:
    """Return a row for each spec, repeats that differ in `train.seed` alone together, the best mean first.

    Only runs that are done count; "others" names the rest. "mean", "sd" (with n - 1; None for one run), "low" and
    "high" are of the figure, "best" is the run with the best one.
    """
    upwards = is_upwards(rows, figure)
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_without_seed(row["spec"]), []).append(row)
    found = [_group(members, figure, upwards=upwards) for members in groups.values()]
    sign = -1 if upwards else 1
    return sorted(found, key=lambda row: (row["mean"] is None, sign * (row["mean"] or 0)))


def _group(members: Sequence[Row], figure: str, *, upwards: bool) -> Row:
    counted = [row for row in members if row["state"] == "done" and figure in row["metrics"]]
    values = [row["metrics"][figure] for row in counted]
    best = (max if upwards else min)(counted, key=lambda row: row["metrics"][figure], default=None)
    return {
        "name": members[0]["name"],
        "runs": [row["run"] for row in counted],
        "others": [row["run"] for row in members if row not in counted],
        "seeds": [row["spec"]["train"]["seed"] for row in counted],
        "figure": figure,
        "mean": statistics.fmean(values) if values else None,
        "sd": statistics.stdev(values) if len(values) > 1 else None,
        "low": min(values, default=None),
        "high": max(values, default=None),
        "best": None if best is None else best["run"],
        "spec": members[0]["spec"],
    }


def _without_seed(spec: Mapping[str, Any]) -> str:
    return json.dumps({**spec, "train": {**spec["train"], "seed": None}}, sort_keys=True)


def differing(specs: Sequence[Mapping[str, Any]], *, seed: bool = True) -> dict[str, list[Any]]:
    """Return by its dotted path each value that is not the same in all specs; what is not there is None.

    Without `seed` that of the training is passed over.
    """
    leaves = [_leaves(spec) for spec in specs]
    paths = dict.fromkeys(path for one in leaves for path in one if seed or path != "train.seed")
    found = {path: [one.get(path) for one in leaves] for path in paths}
    return {path: values for path, values in found.items() if any(value != values[0] for value in values)}
