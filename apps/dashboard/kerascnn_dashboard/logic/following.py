"""How far a training is, in numbers and plain words: what the live part of the page Train shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kerascnn.errors import KerasCnnError, counted
from kerascnn.evaluation.names import say_name
from kerascnn.runs.folder import figures
from kerascnn_dashboard.logic.training import Live

POINTS = 500
"""The most points of one line of a chart."""
STATES = {
    "waiting": "Waiting",
    "loading": "Starting",
    "running": "Training",
    "finishing": "Finishing",
    "stopping": "Stopping",
    "done": "Done",
    "failed": "Failed",
    "diverged": "Failed",
    "stopped": "Stopped",
    "lost": "Lost",
    "cancelled": "Taken back",
    "unreadable": "Unreadable",
}
COLORS: Mapping[str, Literal["gray", "blue", "orange", "green", "red"]] = {
    "waiting": "gray", "loading": "blue", "running": "blue", "finishing": "blue", "stopping": "orange",
    "done": "green", "failed": "red", "diverged": "red", "stopped": "orange", "lost": "red", "cancelled": "gray",
    "unreadable": "red",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """How far it is."""

    part: float
    """From 0 to 1."""
    text: str
    """What goes on now."""


@dataclass(frozen=True)
class Curves:
    """The figures of each round so far, for charts."""

    rounds: int
    """Rounds that are planned in all; charts keep this width, so that they do not jump."""
    stages: tuple[int, ...]
    """After which round each stage ends but the last."""
    lines: Mapping[str, Sequence[Mapping[str, Any]]]
    """By figure, such as "loss": points with `round`, `value` and `of`, "training" or "validation"."""


def shown(live: Live) -> Shown:
    """Return how far a training is."""
    if live.state == "waiting":
        text = f"{counted(live.ahead, 'training', 'trainings')} before this one" if live.ahead else "Starts in a moment"
        return Shown(0.0, text)
    plan = _plan(live)
    done = len(_metrics(live))
    told = live.progress
    if live.run is None or (live.state == "loading" and not done):
        return Shown(0.0, str(told.get("doing") or "Loading TensorFlow (about 10 seconds)"))
    step, steps = float(told.get("step") or 0), float(told.get("steps") or 0)
    inside = min(step / steps, 1.0) if steps else 0.0
    rounds = sum(plan) or 1
    part = min((done + inside) / rounds, 1.0)
    if live.state in ("finishing", "done"):
        return Shown(1.0, "Writing the results" if live.state == "finishing" else f"{counted(done, 'round', 'rounds')}")
    if not live.is_live:
        return Shown(part, f"Ended in round {min(done + 1, rounds)} of at most {rounds}")
    words = [f"Round {min(done + 1, rounds)} of at most {rounds}"]
    if len(plan) > 1 and told.get("stage"):
        words.append(f"stage {told['stage']} of {told.get('stages', len(plan))}")
    if live.is_live and told.get("doing") and not steps:
        count = f" {told['done']} of {told['total']}" if told.get("total") else ""
        words = [f"{told['doing']}{count}"]
    elif live.is_live and int(told.get("epoch") or 0) > 1 and (seconds := told.get("seconds_per_epoch")):
        words.append(f"at most {say_seconds(float(seconds) * (rounds - done - inside))} left")
    elif live.is_live:
        words.append("the first round takes longest")
    return Shown(part, ", ".join(words))


def curves(live: Live) -> Curves:
    """Return the figures of each round so far, thinned to what a chart can show."""
    plan, lines = _plan(live), _metrics(live)
    points: dict[str, list[dict[str, Any]]] = {}
    every = max(1, -(-len(lines) // POINTS))
    for i, line in enumerate(lines):
        if i % every and i != len(lines) - 1:
            continue
        for name, value in figures(line).items():
            of = "validation" if name.startswith("val_") else "training"
            point = {"round": i + 1, "value": value, "of": of}
            points.setdefault(name.removeprefix("val_"), []).append(point)
    ends, total = [], 0
    for epochs in plan[:-1]:
        total += epochs
        ends.append(total)
    return Curves(max(sum(plan), len(lines), 1), tuple(ends), points)


def best_words(live: Live) -> str:
    """Return the figures of the round whose model is kept, in words; "" while there is none."""
    if live.run is None:
        return ""
    lines = _metrics(live)
    kept = [i for i, line in enumerate(lines) if line.get("kept")]
    if not kept:
        return ""
    best = figures(lines[kept[-1]])
    held_out = {name.removeprefix("val_"): value for name, value in best.items() if name.startswith("val_")}
    said = held_out or best
    words = ", ".join(f"{say_name(name)} {value:.4g}" for name, value in said.items() if name != "loss")
    on = "on the samples kept for validation" if held_out else "on the training samples"
    words = words or f"loss {said['loss']:.4g}"
    best_is = "Best so far" if live.is_live else "Best"
    return f"{best_is}, round {kept[-1] + 1}: {words} {on}"


def say_seconds(seconds: float) -> str:
    """Return a time in words, about as exact as it is known.

    >>> say_seconds(8), say_seconds(100), say_seconds(5000)
    ('8 seconds', '2 minutes', '1.4 hours')
    """
    if seconds < 60:
        return counted(max(1, round(seconds)), "second", "seconds")
    if seconds < 3600:
        return counted(round(seconds / 60), "minute", "minutes")
    return f"{seconds / 3600:.1f} hours"


def _plan(live: Live) -> list[int]:
    """Return the epochs of each stage, [] where that is not known yet."""
    if live.run is None:
        return []
    try:
        return [int(stage["epochs"]) for stage in live.run.read("spec.resolved.json")["train"]["stages"]]
    except (KerasCnnError, KeyError, TypeError, ValueError):
        return []


def _metrics(live: Live) -> list[dict[str, Any]]:
    if live.run is None:
        return []
    try:
        return live.run.metrics()
    except KerasCnnError:
        return []
