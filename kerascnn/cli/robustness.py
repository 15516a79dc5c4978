"""`kerascnn robustness`: how much of a run's accuracy is left on changed pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder
from kerascnn.cli.output import document, note, result, table


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(robustness)


def robustness(
    run: RunName,
    split: Annotated[str, typer.Option(help="validation, test or train.")] = "validation",
    samples: Annotated[int, typer.Option(min=1, help="How many samples at most; drawn by chance, always alike.")] = 500,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Say how often a classifier of pictures is right where they are noisy, blurred, shifted, or made to mislead it.

    Seven common corruptions at five severities (noise, blur, brightness, contrast, JPEG, shift, rotation), the attacks
    FGSM and PGD by 2 and 8 of 255 levels, and whether answers stay under shifts of 1, 2, 4 and 8 pixels, each with its
    95 % interval. It is kept as robustness.json in the run's folder and stands in its report. It takes about 80 answers
    and at most 22 gradients a sample.
    """
    from kerascnn.cli.loading import announce_keras
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    announce_keras()
    from kerascnn.cli.progress import make_progress
    from kerascnn.engine.robustness import FILE
    from kerascnn.engine.robustness import robustness as work

    progress = make_progress()
    try:
        found = work(folder, split, samples=samples, progress=progress)
    finally:
        progress.close()
    if as_json:
        document(found)
        return
    _say(found)
    result("")
    result(f"card        {(folder.path / FILE).resolve()}")
    result(f"report      {(folder.path / 'report.html').resolve()}")


def _say(found: Mapping[str, Any]) -> None:
    from kerascnn.engine.robustness_parts import attack_rows, corruption_rows, stability_rows

    result(found["verdict"])
    result(found["worst"]["sentence"])
    for head, rows in (corruption_rows(found), attack_rows(found), stability_rows(found)):
        _section(head, rows)
    if found["samples"] < found["of"]:
        note(f"{found['samples']} of the {found['of']} {found['split']} samples, drawn with seed {found['seed']}")
    for sentence in found["notes"]:
        note(sentence)


def _section(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        result("")
        result(table(list(head), [list(row) for row in rows]))
