"""`kerascnn ensemble`: several runs as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kerascnn.cli.options import AsJson, RunNames, RunsFolder
from kerascnn.cli.output import document, note, result
from kerascnn.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ensemble)


def ensemble(
    run: RunNames,
    mean: Annotated[
        str, typer.Option(help="Of what the mean is taken: probabilities, or logits (before the softmax).")
    ] = "probabilities",
    snapshots: Annotated[
        bool, typer.Option("--snapshots", help="Of one run: the networks that the method `snapshots` kept.")
    ] = False,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Make one model of several runs, which answers with their mean, and keep it as a run of its own.

    The runs have the same task, labels, input and samples; they differ in their seed, their network, or the fold. The
    model is one Keras file. Judge it with `kerascnn evaluate`.

    With --snapshots it is made of one run that was trained with the method `snapshots`, of the networks at the end of
    each cycle of its learning rate.
    """
    if mean not in ("probabilities", "logits"):
        raise UsageError(f"--mean is probabilities or logits (got '{mean}')")
    if snapshots and len(run) > 1:
        raise UsageError(f"--snapshots is for one run (got {len(run)}); its networks answer together")
    from kerascnn.cli.loading import announce_keras
    from kerascnn.runs.folder import RunFolder

    folders = [RunFolder.find(name, runs) for name in run]
    announce_keras()
    from kerascnn.engine.merge import members_of, merge, merge_snapshots

    made = (
        merge_snapshots(folders[0], runs, mean=mean)  # type: ignore[arg-type]
        if snapshots
        else merge(folders, runs, mean=mean)  # type: ignore[arg-type]
    )
    if as_json:
        document({"run": made.id, "path": str(made.path.resolve()), "members": members_of(made)})
        return
    result(f"run folder  {made.path.resolve()}")
    note(f"next: kerascnn evaluate {made.id} --split validation --runs {runs}")
