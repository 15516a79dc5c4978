"""A model in another format, as one file to download, in a process of its own.

python -m kerascnn_dashboard.exporting RUN FORMAT FILE   `kerascnn export RUN FORMAT`, FORMAT as JSON, then a zip of it
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import zipfile
from pathlib import Path

from kerascnn.cli.main import run
from kerascnn.runs.exports import EXPORT, exports_of
from kerascnn.runs.folder import RunFolder


def main(arguments: list[str]) -> int:
    """Export, print what the command prints, and pack what passed. Return the command's exit code."""
    folder, spelled, file = arguments
    given = json.loads(spelled)
    to = given.pop("type")
    settings = [part for name, value in given.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    code = run(["export", folder, "--to", to, *settings, "--json"])
    if code == 0:
        pack(RunFolder(folder), Path(file))
    return code


def pack(run: RunFolder, file: Path) -> None:
    """Put the folder that `file` is named after into a zip: the newest export of a run, which has just been written."""
    newest = max(exports_of(run), key=lambda one: one.facts["exported"])
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.stem}.{secrets.token_hex(4)}.tmp")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for one in (*newest.facts["files"], {"name": EXPORT}):
                archive.write(newest.folder / one["name"], f"{file.stem}/{one['name']}")
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
