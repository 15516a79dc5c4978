"""Processes that outlive the server."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from kerascnn.errors import ResourceError


def launch(command: Sequence[str], *, log: Path, folder: Path) -> int:
    """Start a Python module with arguments, working in a folder, and return its pid. What it says goes into `log`.

    It has a session of its own: neither Ctrl-C nor the end of the server reaches it. Raises ResourceError.
    """
    try:
        with log.open("ab") as file:
            child = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                cwd=folder,
            )
    except OSError as error:
        raise ResourceError(f"cannot start a process: {error.strerror or error}") from error
    # Somebody has to wait for it, or it stays a zombie as long as the server lives.
    threading.Thread(target=child.wait, daemon=True).start()
    return child.pid
