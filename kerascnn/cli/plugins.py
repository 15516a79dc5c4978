"""`kerascnn plugins`: what is installed beside the core, and whether it works."""

from __future__ import annotations

import typer

from kerascnn.cli.options import AsJson
from kerascnn.cli.output import document, result, table


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(help="List plugins.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)
    group.callback()(_group)
    group.command("list")(list_all)
    app.add_typer(group, name="plugins")


def _group() -> None:
    """List plugins."""


def list_all(as_json: AsJson = False) -> None:
    """List the plugins, what they bring, and why one cannot be used."""
    from kerascnn.spec.component import components
    from kerascnn.spec.kinds import KINDS
    from kerascnn.spec.plugins import broken, installed

    brought = [(kind, name) for kind in KINDS for name in components(kind) if "." in name]
    rows = [
        {
            "name": name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "state": "quarantined" if name in broken() else "ok",
            "reason": broken().get(name, ""),
            "components": [{"kind": kind, "name": full} for kind, full in brought if full.split(".")[0] == name],
        }
        for name, plugin in installed().items()
    ]
    if as_json:
        document(rows)
    elif not rows:
        result("no plugins are installed")
    else:
        shown = [
            [
                str(row["name"]),
                f"{row['distribution']} {row['version']}",
                str(row["reason"] or row["state"]),
                ", ".join(f"{kind} {full}" for kind, full in brought if full.split(".")[0] == row["name"]),
            ]
            for row in rows
        ]
        result(table(["plugin", "distribution", "state", "components"], shown))
