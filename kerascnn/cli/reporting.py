"""`kerascnn report`: one file that says everything of a run."""

from __future__ import annotations

from pathlib import Path

import typer

from kerascnn.cli.options import AsJson, RunName, RunsFolder
from kerascnn.cli.output import document, result, table


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(report)


def report(run: RunName, runs: RunsFolder = Path("runs"), as_json: AsJson = False) -> None:
    """Write the report of a run, and say whether it is ready to be used.

    report.html is one file that opens from the disk; report.json says the same, model_card.md is for those who get the
    model. What was not evaluated is not in it.
    """
    from kerascnn.engine.report import content_of, write_report
    from kerascnn.runs.folder import RunFolder

    folder = RunFolder.find(run, runs)
    write_report(folder)
    content = content_of(folder)
    if as_json:
        document(content)
        return
    for verdict in content["verdicts"].values():
        result(verdict)
    said = {True: "yes", False: "no", None: "-"}
    result(table(["gate", "passed"], [[gate["title"], said[gate["passed"]]] for gate in content["readiness"]]))
    for gate in content["readiness"]:
        if gate["passed"] is False:
            result(f"{gate['title']}: no. {gate['reason']}")
    result("")
    result(content["methods"])
    result("")
    for name in ("report.html", "report.json", "model_card.md"):
        result(f"{name:<14}{(folder.path / name).resolve()}")
