"""Arrays from NumPy's .npz files; nothing that needs pickle is read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerascnn.errors import DataError
from kerascnn.spec.section import nearest

if TYPE_CHECKING:
    import numpy as np


def load_npz(file: Path, keys: Sequence[str]) -> list[np.ndarray]:
    """Return the arrays of these names. Raises DataError where the file is no .npz file, or has none of the name."""
    import numpy as np

    try:
        with file.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                raise DataError(f"{file}: holds one array; a .npz file holds the series and their labels")
            return [loaded[_known(file, key, loaded.files)] for key in keys]
    except MemoryError:
        raise DataError(f"{file}: takes more memory than there is") from None
    except _DAMAGE as error:
        raise DataError(f"{file}: cannot be read as NumPy's file: {error}") from None


_DAMAGE = (
    OSError, EOFError, ValueError, KeyError, TypeError, SyntaxError, RuntimeError, OverflowError, zlib.error,
    zipfile.BadZipFile, zipfile.LargeZipFile,
)  # fmt: skip
"""What NumPy and zipfile raise over bytes that are no whole .npz file."""


def _known(file: Path, key: str, names: Sequence[str]) -> str:
    if key in names:
        return key
    near = nearest(key, names)
    hint = f"; did you mean '{near}'?" if near else ""
    raise DataError(f"{file}: has no array '{key}'{hint} (there are: {', '.join(names)})")
