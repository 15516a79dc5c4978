"""Where things are kept that can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for what can be made again: `KERASCNN_CACHE`, or the user's own cache; it may not be there."""
    named = os.environ.get("KERASCNN_CACHE")
    if named:
        return Path(os.path.abspath(named))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kerascnn"
