"""How long a training will take and what memory it needs, from what is known: the network, and earlier trainings here.

The network's operations and memory come from `kerascnn summary`, a job; seconds for each operation from a finished run
of this computer, whose own network is in the same summary. Nothing is guessed: without either it is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from kerascnn.errors import KerasCnnError, UsageError
from kerascnn.runs.atomic import write_text
from kerascnn.runs.folder import RunFolder, list_runs
from kerascnn.spec.load import parse_spec
from kerascnn_dashboard.logic.data_facts import DataFacts
from kerascnn_dashboard.logic.following import say_seconds
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.preset_sizes import TRAINED_ON
from kerascnn_dashboard.logic.project import Project

KIND = "summary"
UNKNOWN = "How long it takes is not known before the first training here."
_FROZEN = 0.4
"""What a step costs whose backbone keeps its weights, against one that trains all of it."""
_LOOKED_AT = 8
_LEAST = 0.2
"""Part of a step that does not get shorter, however small the network is."""
_LOADING = 10.0
"""Seconds that it takes until TensorFlow is loaded."""
_FAR = 10.0
"""From so many times the operations on a time is far too long: larger networks use a computer better."""


@dataclass(frozen=True)
class Speed:
    """How fast this computer trained, by one finished run."""

    run: RunFolder
    seconds_per_sample: float
    """For one sample of one round."""


def begin_estimate(project: Project, texts: Sequence[str], *, id: str) -> Job:
    """Start the job that looks at the networks of these specs, and at that of the last training here."""
    files = [str(_file(project, text)) for text in texts]
    Path(files[0]).parent.mkdir(parents=True, exist_ok=True)
    for file, text in zip(files, texts, strict=True):
        write_text(Path(file), text)
    speed = speed_of(project)
    reference = [str(speed.run.path / "spec.resolved.json")] if speed else []
    facts = {"specs": [digest(text) for text in texts], "run": str(speed.run.path) if speed else ""}
    return project.jobs.start(KIND, ["kerascnn", "summary", *files, *reference, "--json"], id=id, facts=facts)


def estimate_job(project: Project, texts: Sequence[str]) -> Job | None:
    """Return the last job that looked at just these specs."""
    return project.jobs.last(KIND, specs=[digest(text) for text in texts])


def estimate_of(project: Project, text: str, facts: DataFacts) -> str:
    """Return what is known of a spec's time, memory and size, in sentences; "" while nothing was looked up."""
    looked = _network(project, text)
    if looked is None:
        return ""
    network, reference, run = looked
    size = f"{_short(network['parameters'])} numbers to learn, about {_bytes(network['memory_bytes'])} of memory."
    ratio = network["flops"] / reference["flops"] if reference and reference.get("flops") else 0.0
    seconds = _seconds(text, ratio, run, facts)
    if not seconds:
        return f"{UNKNOWN} {size}"
    probably = ", probably much less: so far only small networks were trained here" if ratio > _FAR else ""
    return f"At most about {say_seconds(seconds)}{probably}. {size}"


def speed_of(project: Project) -> Speed | None:
    """Return how fast a finished training of this computer was: of the last ones that with the largest network.

    Those of the project come first. A small network says little of a large one, as most of its time goes elsewhere.
    """
    found: list[tuple[int, Speed]] = []
    folders = [project.folder, *sorted(one for one in project.folder.parent.iterdir() if one != project.folder)]
    for run in (run for folder in folders for run in reversed(list_runs(folder / "runs"))):
        try:
            seconds = seconds_per_sample(run)
            if seconds and _is_there(run):
                found.append((int(run.read("effective.json")["parameters"]), Speed(run, seconds)))
        except (KerasCnnError, KeyError, TypeError, ValueError, IndexError):
            continue
        if len(found) == _LOOKED_AT:
            break
    return max(found, key=lambda pair: pair[0])[1] if found else None


def seconds_per_sample(run: RunFolder) -> float:
    """Return the seconds that one sample of a round took, in rounds that trained the whole network; 0 for none.

    The first round also starts things up, and counts only where it is the only one.
    """
    if run.state.state != "done":
        return 0.0
    done = run.read("effective.json")
    whole = [i for i, stage in enumerate(done["stages"]) if not stage["frozen"]]
    rounds = [float(line["seconds"]) for line in run.metrics() if line.get("stage") in whole and "seconds" in line]
    samples = int(done["samples"]["train"])
    return median(rounds[1:] or rounds) / samples if rounds and samples else 0.0


def digest(text: str) -> str:
    """Return what a spec's text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _file(project: Project, text: str) -> Path:
    return project.folder / "cache" / "specs" / f"{digest(text)}.yaml"


def _is_there(run: RunFolder) -> bool:
    """Return whether the data of a run lies where it did: its network is made for it."""
    source = run.read("spec.resolved.json")["data"]["source"]
    paths = [value for value in source.values() if isinstance(value, str) and value.startswith("/")]
    return all(Path(path).exists() for path in paths)


def _network(project: Project, text: str) -> tuple[dict[str, Any], dict[str, Any] | None, str] | None:
    """Return what a job found of a spec, what it found of the run it is compared with, and that run."""
    name = digest(text)
    for job in project.jobs.all(KIND):
        asked = job.facts.get("specs")
        if not isinstance(asked, list) or name not in asked or job.state() != "done":
            continue
        try:
            found = list(_networks(job.output()))
            run = str(job.facts.get("run") or "")
            reference = found[len(asked)] if run and len(found) > len(asked) else None
            return found[asked.index(name)], reference, run
        except (UsageError, KeyError, IndexError, TypeError):
            continue
    return None


def _networks(document: Any) -> Iterator[dict[str, Any]]:
    yield from document.get("networks", [document])


def _seconds(text: str, ratio: float, run: str, facts: DataFacts) -> float:
    """Return how long all rounds of a spec would take, with `ratio` times a run's operations; 0 for not known."""
    if not ratio or not facts.samples:
        return 0.0
    try:
        of_sample = seconds_per_sample(RunFolder(run)) * max(ratio, _LEAST)
        stages = parse_spec(text, "spec.yaml").train.stages
    except (KerasCnnError, KeyError, TypeError, ValueError):
        return 0.0
    rounds = sum(stage.epochs * (_FROZEN if "backbone" in stage.freeze else 1.0) for stage in stages)
    return float(rounds * of_sample * facts.samples * TRAINED_ON) + _LOADING + _around(RunFolder(run))


def _around(run: RunFolder) -> float:
    """Return the seconds that a finished run took besides its rounds: reading the data, building, writing."""
    try:
        took = run.state.time - float(run.about()["created"])
        if run.read("effective.json").get("resumes"):
            return 0.0  # the time between was nobody's work
        return max(0.0, took - sum(float(line.get("seconds") or 0.0) for line in run.metrics()))
    except (KerasCnnError, KeyError, TypeError, ValueError):
        return 0.0


def _short(count: float) -> str:
    """Return a number in words.

    >>> _short(1_175_907), _short(61_706), _short(812)
    ('1.2 million', '62 thousand', '812')
    """
    if count >= 1e6:
        return f"{count / 1e6:.1f} million"
    return f"{count / 1e3:.0f} thousand" if count >= 1e4 else f"{count:.0f}"


def _bytes(count: float) -> str:
    """Return a size in words.

    >>> _bytes(532_528_560), _bytes(5.5e9)
    ('0.5 GB', '5.5 GB')
    """
    return f"{max(count / 1e9, 0.1):.1f} GB"
