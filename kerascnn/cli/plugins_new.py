"""`kerascnn plugins new NAME`: a complete package with one working component, to be changed into one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kerascnn.cli.options import AsJson
from kerascnn.cli.output import document, note, result

_KINDS = (
    "layer, backbone, head, augmentation, source, task, optimizer, schedule, loss, metric, callback, method, "
    "explainer, exporter, page or rule"
)


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What stands before the dot in specs: lower case.")],
    kind: Annotated[str, typer.Option(metavar="KIND", help=f"What it brings: {_KINDS}.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="The folder that it is written into.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a new plugin: a package kerascnn-NAME that can be installed, with a component that works.

    Beside the component it has a template that uses it, tests that put it through the conformance kit, and a README. A
    folder that is there is never written into.
    """
    from kerascnn.spec.skeletons import find_skeleton, write_plugin

    folder = write_plugin(name, kind, into)
    skeleton = find_skeleton(kind)
    full = f"{name}.{skeleton.component}"
    steps = [
        f"pip install -e {shlex.quote(str(folder))}",
        f"kerascnn plugins check {name}",
        f"kerascnn init {name}.{name} -o {name}.yaml",
        f"kerascnn train {name}.yaml",
    ]
    if as_json:
        document({"folder": str(folder), "kind": kind, "component": full, "next": steps})
        return
    result(str(folder))
    note(f"wrote the {kind} '{full}', the template '{name}.{name}' and tests into {folder}; next:")
    for step in steps:
        note(f"  {step}")
