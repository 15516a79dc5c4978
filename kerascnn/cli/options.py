"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="A YAML or JSON spec.")]
SpecFiles = Annotated[list[Path], typer.Argument(metavar="SPEC...", help="YAML or JSON specs.")]
Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a value of the spec, e.g. train.stages.0.epochs=5. Repeatable.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RunsFolder = Annotated[Path, typer.Option("--runs", metavar="DIR", help="The folder that holds the runs.")]
RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Runs: their ids, beginnings of them, their folders, or `latest`. Several answer together, by the mean.",
    ),
]
Tta = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Test-time augmentation: some of flip,shift,scale. Each answer is the mean over versions of the picture.",
    ),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run: its id, a beginning of it, its folder, or `latest`.")
]
