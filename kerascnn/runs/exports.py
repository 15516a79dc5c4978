"""What a run was exported to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kerascnn.runs.digest import digest_of
from kerascnn.runs.folder import RunFolder

FOLDER, EXPORT = "exports", "export.json"


@dataclass(frozen=True)
class Exported:
    """One export of a run, as its export.json says."""

    name: str
    """The folder in `exports`: the format, with what was made of it, such as "litert-int8"."""
    folder: Path
    facts: dict[str, Any]
    current: bool
    """Whether it is of the model that the run has now."""

    @property
    def passed(self) -> bool:
        """Whether it answers as the model does."""
        return bool(self.facts["passed"])


def exports_of(run: RunFolder) -> list[Exported]:
    """Return the exports of a run by name; folders that hold none are passed over."""
    files = sorted((run.path / FOLDER).glob(f"*/{EXPORT}"))
    found = []
    model = run.path / "model.keras"
    now = _known(model) if files and model.is_file() else ""
    for file in files:
        try:
            facts = json.loads(file.read_text("utf-8"))
            current = facts["model"] == now
            found.append(Exported(file.parent.name, file.parent, {**facts, "passed": bool(facts["passed"])}, current))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def _known(model: Path) -> str:
    """Return the hash of a model, which a page asks for at each drawing: a file as it was is not read again."""
    at = model.stat()
    return _digest(model.resolve(), at.st_ino, at.st_mtime_ns, at.st_size)


@lru_cache(maxsize=64)
def _digest(model: Path, *_state: int) -> str:
    return digest_of(model)
