"""Looks at samples of a run for the pages: `python -m kerascnn_dashboard.showing HOME RUN`, their names on stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kerascnn.errors import KerasCnnError
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import plugins
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.samples import write_all


def main(home: Path, run: Path, names: str) -> int:
    """Keep what the samples look like; return the exit code."""
    plugins.load_all()
    try:
        write_all(Home(home), RunFolder(run), [str(name) for name in json.loads(names)])
    except KerasCnnError as error:
        sys.stderr.write(f"error: {str(error).splitlines()[0]}\n")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - a plugin's source may raise anything
        sys.stderr.write(f"error: {type(error).__name__}: {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.stdin.read()))
