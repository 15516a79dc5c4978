"""Looks at every label, as a job: `python -m kerascnn_dashboard.folding SPEC RUNS LOCK`.

It trains the spec in folds while it holds the devices, then prints what `kerascnn failures` finds in all of them.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from kerascnn.errors import KerasCnnError
from kerascnn.jobs.turn import turn
from kerascnn_dashboard.logic.evaluation import TOP
from kerascnn_dashboard.logic.every_label import FOLDS, first_run


def main(spec: Path, runs: Path, lock: Path) -> int:
    """Do it; return the exit code."""
    try:
        with turn(lock):
            code, printed = _run(["train", str(spec), "--folds", str(FOLDS), "--runs", str(runs), "--json"])
    except KerasCnnError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    if code:
        return code
    try:
        run = first_run(printed)
    except (ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"error: what the trainings came to cannot be read: {error}\n")
        return 1
    top = str(4 * TOP)
    code, printed = _run(["failures", run, "--split", "test", "--top", top, "--runs", str(runs), "--json"])
    sys.stdout.write(printed)
    return code


def _run(arguments: list[str]) -> tuple[int, str]:
    """Run a command of kerascnn; return its exit code and what it printed. SIGTERM reaches it."""
    command = [sys.executable, "-m", "kerascnn", *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
        before = signal.signal(signal.SIGTERM, lambda number, frame: child.terminate())
        try:
            printed, _ = child.communicate()
        finally:
            signal.signal(signal.SIGTERM, before)
    return child.returncode, printed.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
