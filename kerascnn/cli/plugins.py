"""`kerascnn plugins`: what is there beside the core, and whether it works."""

from __future__ import annotations

import typer

from kerascnn.cli.options import AsJson
from kerascnn.cli.output import document, note, result, table
from kerascnn.cli.plugins_check import check
from kerascnn.cli.plugins_new import new


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(
        help="Packages that bring components. For trying one out, `--plugin FILE` uses a Python file as a plugin.",
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
    )
    group.callback()(_group)
    group.command("list")(list_all)
    group.command("check")(check)
    group.command("new")(new)
    app.add_typer(group, name="plugins")


def _group() -> None:
    """List plugins: packages that bring components. For trying out, `--plugin FILE` uses a Python file as one."""


def list_all(as_json: AsJson = False) -> None:
    """List the plugins, what they bring and where it stands, and why one cannot be used."""
    from kerascnn.spec.plugins_brought import Brought, listed

    rows = listed()
    if as_json:
        document([row.as_dict() for row in rows])
        return
    if not rows:
        result("no plugins are installed")
        return

    def bring(row: Brought) -> str:
        kinds: dict[str, list[str]] = {}
        for one in row.parts:
            kinds.setdefault(one.kind, []).append(one.name)
        return "; ".join(f"{kind} {', '.join(names)}" for kind, names in kinds.items())

    shown = [
        [row.plugin.name, row.plugin.file or f"{row.plugin.distribution} {row.plugin.version}", row.state, bring(row)]
        for row in rows
    ]
    result(table(["plugin", "distribution", "state", "brings"], shown))
    for row in rows:
        if row.reason:
            note(f"{row.plugin.name}: {row.reason}")
