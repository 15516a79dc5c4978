"""`kerascnn data`: read a spec's data, check it, divide it, and train nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerascnn.cli.options import AsJson, Setting
from kerascnn.cli.output import document, note, result, table

if TYPE_CHECKING:
    from kerascnn.spec import Spec


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(data)


def data(
    spec: Annotated[Path, typer.Argument(metavar="SPEC|DIR", help="A spec, or a folder with a folder for each class.")],
    settings: Setting = None,
    as_json: AsJson = False,
) -> None:
    """Read and check the data of a spec.

    Every picture is decoded once. What cannot be used ends with exit code 3 and every culprit's name.
    """
    from kerascnn.cli.loading import announce_keras
    from kerascnn.errors import counted
    from kerascnn.spec import load_spec

    loaded = _spec_of_folder(spec, settings or ()) if spec.is_dir() else load_spec(spec, settings or ())
    announce_keras()
    from kerascnn.cli.progress import make_progress
    from kerascnn.engine.data import load_data

    progress = make_progress()
    try:
        found = load_data(loaded, progress)
    finally:
        progress.close()
    facts: dict[str, Any] = {
        "samples": len(found.manifest),
        "shape": list(found.info.shape),
        "counts": {split: dict(counts) for split, counts in found.info.counts.items()},
        "fingerprint": found.fingerprint,
        "notes": list(found.notes),
        "findings": [finding.as_dict() for finding in found.findings],
    }
    if as_json:
        document(facts)
        return
    splits = list(facts["counts"])
    rows = [[label, *(str(facts["counts"][s][label]) for s in splits)] for label in found.info.labels]
    rows.append(["all", *(str(sum(facts["counts"][s].values())) for s in splits)])
    result(table(["class", *splits], rows))
    result("")
    result(f"{counted(facts['samples'], 'picture', 'pictures')}, as the model takes them: "
           f"{' x '.join(map(str, facts['shape']))}")  # fmt: skip
    result(f"fingerprint {facts['fingerprint']}")
    for finding in found.findings:
        result(f"{finding.severity}: {finding.id}: {finding}")
    for text in found.notes:
        note(text)


def _spec_of_folder(folder: Path, settings: Sequence[str]) -> Spec:
    """Return a spec that reads a folder of class folders."""
    from kerascnn.spec.load import parse_spec
    from kerascnn.templates_list import find_template

    text = find_template("simple_cnn").read_text("utf-8")
    source = json.dumps({"type": "image_folder", "path": str(folder)})
    return parse_spec(text, "simple_cnn.yaml", [f"data.source={source}", *settings])
