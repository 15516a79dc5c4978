"""`kerascnn export`: a model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    run: RunName,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="keras, saved_model, onnx, litert, or a plugin's.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the format, e.g. quantize=int8. Repeatable."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder that it goes into; left out: in the run's exports.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that the speed is measured with.")] = 1,
    runs: RunsFolder = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Write a run's model in a format that other programs run, and prove that it answers as before.

    Beside the model lie card.json, with what is needed to use it, and export.json, with what was measured. What differs
    too much is kept, marked as failed, and the exit code is 1.
    """
    from kerascnn.cli.explain import settings_of
    from kerascnn.cli.loading import announce_keras
    from kerascnn.cli.output import document, note, result, table
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    chosen = {"type": to, **settings_of(settings or [], "quantize=int8")}
    announce_keras()
    from kerascnn.engine.export import check, check_packages, make_exporter
    from kerascnn.engine.export import export as do

    exporter = make_exporter(chosen)
    check_packages(exporter)
    note(f"exporting to {to} ...")
    found = do(folder, exporter, output=output, threads=threads)
    if as_json:
        document(found)
    else:
        result(table(["what", "found"], _rows(found)))
        for row in _worst(found):
            result(row)
        for said in found["notes"]:
            note(f"note: {said}")
    check(found)


def _rows(found: dict[str, Any]) -> list[list[str]]:
    same, worth, speed = found["parity"], found["accuracy"], found["latency"]
    of = f"{same['samples']} {same['split'] + ' samples' if same['split'] else 'made-up elements'}"
    difference = "-" if same["difference"] is None else f"{same['difference']:.1e}"
    rows = [
        ["written", str(Path(found["folder"]) / found["file"])],
        ["size", f"{found['bytes']:,} bytes"],
        ["passed", "yes" if found["passed"] else f"no: {found['reason']}"],
        ["largest difference", f"{difference} on {of}" + (f" (at most {same['tolerance']:g})" * same["exact"])],
    ]
    if same["same_top"] is not None:
        rows.append(["same answer", f"{same['same_top']} of {same['samples']}"])
    if worth:
        figures = f"{worth['before']:.4f} before, {worth['after']:.4f} after"
        rows.append([worth["metric"], f"{figures} on {worth['samples']} {worth['split']} samples"])
        rows.append(["drop", f"{worth['drop']:.4f} (at most {worth['limit']:g})"])
    threads = "1 thread" if speed["threads"] == 1 else f"{speed['threads']} threads"
    rows.append(
        ["time of an answer", f"{speed['median_ms']:.2f} ms, 95 % within {speed['p95_ms']:.2f} ms ({threads} here)"]
    )
    if found["memory"]:
        rows.append(["memory", f"{found['memory'] / 2**20:.0f} MiB for the process that answers"])
    return rows


def _worst(found: dict[str, Any]) -> list[str]:
    """Return a line for each class that lost, five at the most."""
    rows = [row for row in (found["accuracy"] or {}).get("per_class", []) if row["after"] < row["before"]]
    return [f"class {row['label']}: {row['before']:.4f} before, {row['after']:.4f} after" for row in rows[:5]]
