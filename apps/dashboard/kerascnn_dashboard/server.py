"""Starts the web server: Streamlit's app, and routes of our own beside it for pictures, files and uploads."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import threading
import tomllib
from pathlib import Path

from kerascnn.errors import ResourceError, UsageError
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.signed import TOKEN

HOME = "KERASCNN_HOME"
LOGIN = "KERASCNN_LOGIN"
"""Names of the environment's variables by which the pages know what the server was started with."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(
    home: Path, *, address: str = "127.0.0.1", port: int = 8501, login: str = "none", open_browser: bool = True
) -> None:
    """Serve the dashboard until it is stopped. Raises UsageError and ResourceError before anything is served."""
    Home(home)  # says what is wrong with the folder
    if login not in ("none", "oidc") and not login.startswith("header:"):
        raise UsageError(f"--login should be none, oidc or header:NAME (got '{login}')")
    if login == "oidc":
        _check_oidc()
    if not _is_free(address, port):
        raise ResourceError(f"port {port} of {address} is taken, perhaps by a dashboard that runs already; give --port")
    os.environ[HOME] = str(Path(home).expanduser().resolve())
    os.environ[LOGIN] = login
    os.environ[TOKEN] = secrets.token_hex(32)
    import streamlit as st

    from kerascnn_dashboard.logic.schema_form import of_component
    from kerascnn_dashboard.routes import routes

    config = {
        "server.address": address,
        "server.port": port,
        "server.headless": not open_browser,
        "server.fileWatcherType": "none",
        "server.maxUploadSize": 50,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "theme.light.primaryColor": "#1c5ba8",
        "theme.dark.primaryColor": "#3a78c4",
        "client.showErrorDetails": "type",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
    }
    if login.startswith("header:"):
        config["server.trustedUserHeaders"] = {login.partition(":")[2]: "user"}
    # The first form needs what every component says of its fields, which takes seconds to gather.
    threading.Thread(target=of_component, args=("layer", "conv2d"), daemon=True).start()
    st.App(Path(__file__).with_name("app.py"), routes=routes()).run(config=config)


def _check_oidc() -> None:
    """Look whether Streamlit can log people in. Raises UsageError, with what is missing."""
    if importlib.util.find_spec("authlib") is None:
        raise UsageError('--login oidc needs the "login" extra: pip install "kerascnn[login]"')
    files = [folder / ".streamlit" / "secrets.toml" for folder in (Path.cwd(), Path.home())]
    for file in files:
        try:
            if "auth" in tomllib.loads(file.read_text("utf-8")):
                return
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from None
    raise UsageError(
        f"--login oidc needs a section [auth] in {files[0]} or {files[1]}, with redirect_uri, cookie_secret, "
        "client_id, client_secret and server_metadata_url, as Streamlit documents it for st.login"
    )


def _is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
