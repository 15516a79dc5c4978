"""A model's bundle, in a process of its own.

python -m kerascnn_dashboard.bundling write RUN FILE     packs the model of a run's folder
python -m kerascnn_dashboard.bundling take FILE RUNS     brings one in as a run
python -m kerascnn_dashboard.bundling upload FILE RUNS   the same, and removes the folder of the upload
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from kerascnn.errors import KerasCnnError
from kerascnn.runs.folder import RunFolder
from kerascnn_dashboard.logic.bundles import take_bundle, write_bundle


def main(arguments: list[str]) -> int:
    """Do it; print one JSON document, or the error. Return the exit code."""
    doing, first, second, *name = arguments
    try:
        if doing == "write":
            file = write_bundle(RunFolder(first), Path(second))
            sys.stdout.write(json.dumps({"file": str(file), "bytes": file.stat().st_size}))
        else:
            sys.stdout.write(json.dumps(asdict(take_bundle(Path(first), Path(second), *name[:1]))))
    except KerasCnnError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    finally:
        if doing == "upload":
            shutil.rmtree(Path(first).parent, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
