"""What `kerascnn train` does where a spec is trained several times: for folds, from seeds."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerascnn.cli.output import document, note, result, table

if TYPE_CHECKING:
    from kerascnn.engine.progress import Progress
    from kerascnn.engine.several import Planned
    from kerascnn.runs.folder import RunFolder
    from kerascnn.spec import Spec


def say_folds(
    spec: Spec,
    runs: Path,
    given: tuple[bytes, str],
    progress: Progress,
    stop: Callable[[], int | None],
    *,
    as_json: bool,
) -> None:
    """Train a spec for each of its folds and print what they came to."""
    from kerascnn.engine.folds import cross_validate

    def told(fold: int, run: RunFolder) -> None:
        progress.note(f"fold {fold} of {spec.data.split.folds} is done: {run.path}")

    found = cross_validate(spec, runs, given=given, progress=progress, stop=stop, told=told)
    if as_json:
        document(found)
        return
    _say_spread(found, ["fold"])


def say_seeds(
    spec: Spec,
    seeds: int,
    split: str | None,
    runs: Path,
    given: tuple[bytes, str],
    progress: Progress,
    stop: Callable[[], int | None],
    *,
    as_json: bool,
) -> None:
    """Train a spec from several seeds and print what they came to, each and together."""
    from kerascnn.engine.seeds import train_seeds

    def told(one: Planned, run: RunFolder) -> None:
        progress.note(f"{one} is done: {run.path}")

    found = train_seeds(spec, seeds, runs, split=split, given=given, progress=progress, stop=stop, told=told)
    if as_json:
        document(found)
        return
    result(f"on the {found['split']} split")
    _say_spread(found, ["seed", "fold"] if found["folds"] else ["seed"])
    if found["ensemble"] is None:
        note(f"no figures of the networks together: {found['no_ensemble']}")
    elif found["split"] != "test":
        note(f"next: {shlex.join(['kerascnn', 'evaluate', *(row['path'] for row in found['runs'])])}")


def _say_spread(found: dict[str, Any], keys: list[str]) -> None:
    """Print a row for each run, then what they say of the mean, then the networks together where they answer so.

    The figures are the first, macro F1 and the loss; the table file and --json have them all.
    """
    every = list(found["metrics"])
    names = [name for name in every if name in (every[0], "macro_f1", "loss")]
    empty = [""] * (len(keys) - 1)
    rows = [
        [*(str(row[key]) for key in keys), *(f"{row['metrics'][name]:.4f}" for name in names), row["run"]]
        for row in found["runs"]
    ]
    for key, said in {"mean": "mean", "sd": "sd", "low": "95 % from", "high": "95 % to"}.items():
        rows.append([said, *empty, *(f"{found['metrics'][name][key]:.4f}" for name in names), ""])
    if found.get("ensemble"):
        figures = found["ensemble"]["metrics"]
        rows.append(["together", *empty, *(f"{figures[name]:.4f}" if name in figures else "-" for name in names), ""])
    result(table([*keys, *names, "run"], rows))
    result("")
    result(f"table  {found['table']}")
