"""`kerascnn ui`: the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kerascnn.cli.output import note
from kerascnn.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(ui)


def ui(
    home: Annotated[
        Path, typer.Option(metavar="DIR", help="Where projects are kept.", envvar="KERASCNN_HOME", show_envvar=False)
    ] = Path("~/kerascnn"),
    address: Annotated[str, typer.Option(help="The address to serve at; 0.0.0.0 for other computers, too.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    login: Annotated[
        str,
        typer.Option(
            help="Who may come in: none, all who reach it; oidc, as [auth] of Streamlit's secrets.toml says; "
            "header:NAME, whom a proxy in front of it names in that header."
        ),
    ] = "none",
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Start the dashboard: from data to a trained model in the browser.

    It is served to this computer alone unless --address says otherwise. Trainings are processes of their own, which go
    on when the page, the browser or the server is closed.
    """
    try:
        import streamlit  # noqa: F401

        from kerascnn_dashboard.server import LOOPBACK, serve
    except ImportError as error:
        raise UsageError(f'the dashboard needs the "ui" extra: pip install "kerascnn[ui]" ({error})') from None
    if address not in LOOPBACK and login == "none":
        note(
            f"anybody who reaches {address}:{port} can read and change every project: without --login nobody is asked "
            "who they are"
        )
    note(f"projects are kept in {home.expanduser()}; the dashboard is at http://{address}:{port} (Ctrl-C ends it)")
    serve(home, address=address, port=port, login=login, open_browser=browser)
