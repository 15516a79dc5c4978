"""All trainings of a project as the rows of a table; what tells some of them apart; and how one is thrown away."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError, ResourceError, UsageError
from kerascnn.evaluation.names import say_name
from kerascnn.jobs.queue import Queue
from kerascnn.runs.atomic import write_text
from kerascnn.runs.folder import RunFolder, figures
from kerascnn_dashboard.logic.evaluation import run_version
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.models import name_of
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.run_notes import notes_of
from kerascnn_dashboard.logic.training import Live, trainings

_POINTS = 60
_TEMPLATE = re.compile(r"^# .*?\bfrom the template ([\w.]+)", re.M)


@dataclass(frozen=True)
class Row:
    """One training."""

    id: str
    live: Live
    name: str
    state: str
    version: str = ""
    """Of the data, "" where it is none of the project's."""
    template: str = ""
    best: str = ""
    """The figure of the round that is kept, with the round."""
    value: float | None = None
    """That figure as a number."""
    line: tuple[float, ...] = ()
    """The figure round by round."""
    seconds: float | None = None
    tags: tuple[str, ...] = ()
    created: float = 0.0
    reason: str = ""
    """Why it cannot be read, or how it ended."""
    brought: bool = False
    """Whether it was brought in as a file, and not trained here."""


@dataclass(frozen=True)
class Differing:
    """What tells some runs apart."""

    paths: tuple[str, ...]
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the run's id, what stands at each path; None where it has none."""


def rows(project: Project) -> list[Row]:
    """Return a row for each training, the last one first; what cannot be read has one, too."""
    try:
        versions = project.versions()
    except UsageError:
        versions = []
    return [_row(project, live, versions) for live in trainings(project)]


def differing(runs: Sequence[RunFolder]) -> Differing:
    """Return the paths of the resolved specs in which runs differ, and what stands there in each."""
    flat = {run.id: dict(_flat(run.read("spec.resolved.json"))) for run in runs}
    paths = list(dict.fromkeys(path for values in flat.values() for path in values if path != "name"))
    different = [path for path in paths if len({repr(values.get(path)) for values in flat.values()}) > 1]
    return Differing(
        tuple(different), {id: {path: values.get(path) for path in different} for id, values in flat.items()}
    )


def overlaid(chosen: Sequence[Row]) -> tuple[str, list[dict[str, Any]]]:
    """Return the figure that several trainings have in common, and its points: run, round, value."""
    named = {row.id: _lines(row.live.run) for row in chosen}
    common = set.intersection(*(set().union(*(figures(line) for line in lines)) for lines in named.values()))
    wanted = [_figure(_monitor(row.live.run), dict.fromkeys(common, 0.0)) for row in chosen] + ["val_loss", "loss"]
    figure = next((one for one in wanted if one in common), "")
    short = short_names(chosen)
    points = [
        {"run": short[id], "round": i, "value": line[figure]}
        for id, lines in named.items()
        for i, line in enumerate(lines, 1)
        if figure and figure in line
    ]
    return figure, points


def short_names(chosen: Sequence[Row]) -> dict[str, str]:
    """Return a name for each row that no other has: its name, with the end of its id where that is needed."""
    names = [row.name for row in chosen]
    return {row.id: row.name if names.count(row.name) == 1 else f"{row.name} {row.id[-6:]}" for row in chosen}


def throw_away(home: Home, project: Project, live: Live, typed: str) -> Path:
    """Move a run that has ended into the home's trash, and return where it lies.

    `typed` has to be its name, as the table shows it. Raises UsageError where it is another, or where it goes on.
    """
    run = live.run
    if run is None or live.is_live:
        raise UsageError("only a training that has ended can be thrown away; stop it first")
    wanted = name_of(run)
    if typed.strip() not in (wanted, run.id):
        raise UsageError(f"the name is '{wanted}' (got '{typed.strip()[:80]}')")
    target = home.folder / "trash" / f"{project.name}-{run.id}-{secrets.token_hex(3)}"
    try:
        target.parent.mkdir(exist_ok=True)
        os.replace(run.path, target)
        if live.job is not None:  # an index of the queue that is made again would begin it anew
            jobs = Queue(project.runs).folder / "jobs"
            write_text(jobs / f"{live.job.id}.cancelled", "thrown away")
    except OSError as error:
        raise ResourceError(f"cannot move {run.path} to {target}: {error.strerror or error}") from error
    return target


def _row(project: Project, live: Live, versions: Sequence[Version]) -> Row:
    run = live.run
    if run is None or live.state == "unreadable":
        return Row(live.id, live, live.name, live.state, created=live.created, reason=live.reason)
    notes = notes_of(run)
    name = name_of(run)
    try:
        lines = _lines(run)
        best = [line for line in lines if line.get("kept")]
        figure = _figure(_monitor(run), best[-1] if best else {})
        value = best[-1].get(figure) if best else None
        of_best = say_name(figure.removeprefix("val_"))
        said = "" if value is None else f"{of_best} {value:.4g}, round {lines.index(best[-1]) + 1}"
        return Row(
            live.id,
            live,
            name,
            live.state,
            run_version(project, run, versions) or "",
            _template(run),
            said,
            value,
            tuple(thinned([line[figure] for line in lines if figure in line])),
            sum(line.get("seconds") or 0.0 for line in lines) if lines else None,
            notes.tags,
            live.created,
            live.reason,
            not lines and not (run.path / "effective.json").is_file() and live.state == "done",
        )
    except (KerasCnnError, KeyError, TypeError, ValueError, AttributeError) as error:
        return Row(live.id, live, name, "unreadable", tags=notes.tags, created=live.created, reason=str(error))


def thinned(values: Sequence[float], most: int = _POINTS) -> list[float]:
    """Return at most so many of the values, the last one among them."""
    every = max(1, -(-len(values) // most))
    return [value for i, value in enumerate(values) if (len(values) - 1 - i) % every == 0]


def _figure(monitor: str, best: Mapping[str, Any]) -> str:
    """Return the figure that says the most to a person: what chooses the round, unless that is a loss beside others."""
    if not monitor.endswith("loss"):
        return monitor
    others = sorted(name for name in figures(best) if name.startswith("val_") and not name.endswith("loss"))
    return others[0] if others else monitor


def _lines(run: RunFolder | None) -> list[dict[str, Any]]:
    return run.metrics() if run is not None else []


def _monitor(run: RunFolder | None) -> str:
    if run is None:
        return ""
    try:
        return str(run.read("spec.resolved.json")["train"]["monitor"])
    except (KerasCnnError, KeyError, TypeError):
        return ""


def _template(run: RunFolder) -> str:
    try:
        with (run.path / "spec.yaml").open("r", encoding="utf-8", errors="replace") as file:
            found = _TEMPLATE.search(file.read(2000))
        return found[1] if found else ""
    except OSError:
        return ""


def _flat(value: Any, path: str = "") -> Any:
    """Yield each single value of plain data with its path; the components of lists by their place."""
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _flat(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for i, one in enumerate(value):
            yield from _flat(one, f"{path}.{i}")
    else:
        yield path, value


def ago(created: float, now: float | None = None) -> str:
    """Return when something was, as a date and a time of this computer."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created)) if created else ""
