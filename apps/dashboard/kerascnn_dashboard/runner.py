"""Runs the command of one job, and writes down how it ended: `python -m kerascnn_dashboard.runner FOLDER`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from kerascnn.runs.atomic import write_json
from kerascnn.runs.state import this_process


def main(folder: Path) -> int:
    """Run the command; return its exit code. SIGTERM reaches the command, which then ends in order."""
    pid, started = this_process()
    about: dict[str, Any] = {"pid": pid, "process_started": started}
    write_json(folder / "state.json", about)
    command = json.loads((folder / "job.json").read_text("utf-8"))["command"]
    stopped = False
    with (folder / "output.json").open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", *command], stdin=subprocess.DEVNULL, stdout=output, cwd=folder, env=_around()
        )

        def end(number: int, frame: object) -> None:
            nonlocal stopped
            stopped = True
            child.terminate()

        signal.signal(signal.SIGTERM, end)
        code = child.wait()
    write_json(folder / "state.json", {**about, "exit_code": code, "stopped": stopped})
    return code


def _around() -> dict[str, str]:
    """Return the environment of the command: its words are read on a page, not in a terminal."""
    return {**os.environ, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
