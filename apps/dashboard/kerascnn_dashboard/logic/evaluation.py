"""What an evaluation says, from the files of `kerascnn evaluate`: the same numbers as there and in the report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import UsageError
from kerascnn.evaluation.names import interval_of, say_name
from kerascnn.runs.answers import answers_file
from kerascnn.runs.folder import RunFolder
from kerascnn.spec.data import SPLITS
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.tasks import ready_tasks

DEFAULT = "validation"
TOP = 48
"""How many samples of each kind `kerascnn failures` is asked for."""
_SMALLER = frozenset({"log_loss", "mae", "rmse", "mase", "smape"})
"""Figures that are better where they are smaller."""
_SHARES = ("accuracy", "exact_match", "precision", "recall", "f1", "iou", "dice")
"""Parts of the names of figures that are shares of something, and are said in percent."""


@dataclass(frozen=True)
class Figure:
    """One figure of a report."""

    name: str
    title: str
    value: float
    low: float | None
    high: float | None
    """Its 95 % interval."""
    floor: float | None
    """What always giving the same answer gets."""


def splits_of(run: RunFolder) -> list[str]:
    """Return the splits that the run has samples in, the one to look at first in front, the test split last."""
    sizes = run.read("data.json").get("sizes", {})
    order = [DEFAULT, "train", "test"]
    return [split for split in order if sizes.get(split)] or [DEFAULT]


def report_of(run: RunFolder, split: str) -> dict[str, Any] | None:
    """Return the report of a split, None where it was not evaluated. Raises UsageError where it cannot be read."""
    if split not in SPLITS:
        raise UsageError(f"there is no split '{split[:40]}'; there are {', '.join(SPLITS)}")
    if not (run.path / "evaluation" / f"{split}.json").is_file():
        return None
    report = run.read(f"evaluation/{split}.json")
    good = isinstance(report, dict) and isinstance(report.get("metrics"), dict) and "samples" in report
    if not good or not report["metrics"]:
        raise UsageError(f"{run.path / 'evaluation' / f'{split}.json'} is no report; evaluate the run again")
    return {"split": split, "per_class": [], "labels": [], "evaluated": 0.0, **report}


def evaluate_command(project: Project, run: RunFolder, split: str) -> list[str]:
    """Return the command that evaluates a run."""
    return ["kerascnn", "evaluate", run.id, "--split", split, "--runs", str(project.runs), "--json"]


def begin_evaluation(project: Project, run: RunFolder) -> None:
    """Start the evaluation on the validation split, where the run has one and was not judged on it yet."""
    if splits_of(run)[0] == DEFAULT and report_of(run, DEFAULT) is None:
        facts = {"run": run.id, "split": DEFAULT}
        project.jobs.start("evaluate", evaluate_command(project, run, DEFAULT), id=f"evaluate-{run.id}", facts=facts)


def calibrate_command(
    project: Project, run: RunFolder, *, unsure: float | str | None = None
) -> list[str]:  # fmt: skip
    """Return the command that fits the temperature; a threshold and sets that are stored already are asked for again.

    Raises UsageError for a threshold that is none.
    """
    stored = calibration_of(run) or {}
    if unsure is None and stored.get("unsure"):
        unsure = float(stored["unsure"]["threshold"])
    if isinstance(unsure, float) and not 0 < unsure < 1:
        raise UsageError(f"the threshold lies between 0 and 1 (got {unsure:g})")
    wishes = [] if unsure is None else ["--unsure", unsure if isinstance(unsure, str) else f"{unsure:.6g}"]
    if stored.get("conformal"):
        wishes += ["--conformal", f"{stored['conformal']['coverage']:g}"]
    return ["kerascnn", "calibrate", run.id, *wishes, "--runs", str(project.runs), "--json"]


def calibration_of(run: RunFolder) -> dict[str, Any] | None:
    """Return what was stored by `kerascnn calibrate`, None where nothing was."""
    if not (run.path / "calibration.json").is_file():
        return None
    found = run.read("calibration.json")
    return found if isinstance(found, dict) else None


def key_of(*parts: Any) -> str:
    """Return an id for a job that is known by what it is about: a page may ask for it often, it is started once."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return f"{parts[0]}-{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}"


def failures_command(project: Project, run: RunFolder, split: str) -> list[str]:
    """Return the command that looks for mistakes and for labels that may be wrong."""
    wishes = ["--split", split, "--top", str(TOP), "--runs", str(project.runs), "--json"]
    return ["kerascnn", "failures", run.id, *wishes]


def failures_job(project: Project, run: RunFolder, report: Mapping[str, Any], again: int = 0) -> Job:
    """Return the job that looks for the mistakes of an evaluation, started where it was not: it takes some seconds.

    `again` is raised to try once more after a failure.
    """
    split = report["split"]
    key = key_of("failures", run.id, split, report["evaluated"], again)
    command = failures_command(project, run, split)
    return project.jobs.start("failures", command, id=key, facts={"run": run.id, "split": split})


def has_answers(run: RunFolder, split: str) -> bool:
    """Return whether every answer was kept, which is not so of masks and boxes."""
    return answers_file(run, split).is_file()


def things_of(run: RunFolder) -> str:
    """Return what the classes of a run are counted in."""
    task = ready_tasks().get(str(run.read("spec.resolved.json")["task"]["type"]))
    return {"mask": "pixels", "boxes": "boxes"}.get(task.target if task else "", "samples")


def figures(report: Mapping[str, Any]) -> list[Figure]:
    """Return the figures of a report, the one that counts first in front."""
    found = []
    for name, value in report["metrics"].items():
        if name.endswith(("_low", "_high")) or not isinstance(value, int | float):
            continue
        low, high = interval_of(report, name) or (None, None)
        floor = report.get("floor", {}).get(name)
        found.append(Figure(name, _capital(say_name(name)), float(value), low, high, floor))
    return found


def say_floor(report: Mapping[str, Any]) -> str:
    """Return what the figures are compared with."""
    common = most_common(report)
    if common is not None and "accuracy" in report["metrics"]:
        return f"always saying '{common}'"
    return str(report.get("floor_is") or "always giving the same answer")


def most_common(report: Mapping[str, Any]) -> str | None:
    """Return the class that most samples are of, None where there are no classes."""
    support = {row["label"]: row.get("support") or 0 for row in report.get("per_class", [])}
    return max(support, key=lambda label: support[label]) if support else None


def verdict(report: Mapping[str, Any], found: Mapping[str, Any] | None = None) -> list[str]:
    """Return what an evaluation comes to in plain words.

    How good it is beside always giving the same answer; what is confused most; how many labels are doubted. The last
    two are of what `kerascnn failures` found.
    """
    said = [_first(report)]
    pairs = list((found or {}).get("confused") or ())
    if pairs and sum(pairs[0]["counts"]):
        (a, b), (there, back) = pairs[0]["classes"], pairs[0]["counts"]
        more = f", and '{b}' for '{a}' {_times(back)}" if back else ""
        said.append(f"Most confused: '{a}' is taken for '{b}' {_times(there)}{more}.")
    elif found is not None and found.get("wrong") == 0:
        said.append("No sample of this split is answered wrongly.")
    doubted = (found or {}).get("label_errors_found")
    if doubted:
        labels = "1 label may be wrong" if doubted == 1 else f"{doubted} labels may be wrong"
        said.append(f"{labels}: look at {'it' if doubted == 1 else 'them'} under Clean labels.")
    elif doubted == 0:
        said.append("No label looks wrong.")
    return said


def say_value(name: str, value: float | None) -> str:
    """Return a figure as text: a share in percent, anything else as a number.

    >>> say_value("accuracy", 0.8125), say_value("rmse", 12.3456)
    ('81.2%', '12.35')
    """
    if value is None:
        return ""
    share = 0 <= value <= 1 and any(word in name for word in _SHARES)
    return f"{value:.1%}" if share else f"{value:.4g}"


def run_version(project: Project, run: RunFolder, versions: Sequence[Version]) -> str | None:
    """Return the version of the data that a run was made on, the last one that fits; None where none does."""
    data = run.read("spec.resolved.json")["data"]
    for version in reversed(versions):
        if _is_of(version, data, project.folder):
            return version.name
    return None


def _first(report: Mapping[str, Any]) -> str:
    """Return a sentence on the first figure."""
    figure = figures(report)[0]
    on = f"On {report['samples']} {report['split']} samples"
    if figure.name == "accuracy":
        interval = "" if figure.low is None else f" (95 % interval {figure.low:.1%} to {figure.high:.1%})"
        beside = ""
        if figure.floor is not None:
            gap = 100 * (figure.value - figure.floor)
            than = f"{say_floor(report)}, which gets {figure.floor:.1%}"
            beside = f": {gap:.0f} points better than {than}" if gap >= 1 else f", which is no better than {than}"
            if gap >= 1 and figure.low is not None and figure.low <= figure.floor:
                beside += "; of so few samples that may be chance"
        return f"{on} {figure.value:.1%} are right{interval}{beside}."
    title = figure.title[0].lower() + figure.title[1:] if figure.title[1:2].islower() else figure.title
    shown = f"{on} {title} is {say_value(figure.name, figure.value)}"
    if figure.low is not None:
        shown += f" (95 % interval {say_value(figure.name, figure.low)} to {say_value(figure.name, figure.high)})"
    if figure.floor is None:
        return f"{shown}."
    smaller = figure.name in _SMALLER or "floor_is" in report
    better = figure.value < figure.floor if smaller else figure.value > figure.floor
    words = "better" if better else "no better"
    return f"{shown}: {words} than {say_floor(report)}, which gets {say_value(figure.name, figure.floor)}."


def _is_of(version: Version, data: Mapping[str, Any], folder: Path) -> bool:
    """Return whether a resolved section `data` is that of a version: the same source, and the same fixes over it."""
    if not _same(version.data.get("fixes"), data.get("fixes"), folder):
        return False
    source = data["source"]
    return all(_same(value, source.get(key), folder) for key, value in version.data["source"].items())


def _same(given: Any, resolved: Any, folder: Path) -> bool:
    """Return whether a value, or a path from the project's folder, is that of a run, which keeps paths whole."""
    if given == resolved:
        return True
    if isinstance(given, str) and isinstance(resolved, str):
        try:
            return Path(folder, given).resolve() == Path(folder, resolved).resolve()
        except (OSError, ValueError):
            return False
    if isinstance(given, list | tuple) and isinstance(resolved, list | tuple):
        return list(given) == list(resolved)
    return False


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _capital(text: str) -> str:
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
