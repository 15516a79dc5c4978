"""Explanations as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kerascnn.engine.explain import Explanation
from kerascnn.engine.explain_picture import draw
from kerascnn.errors import ResourceError
from kerascnn.runs.atomic import write_bytes
from kerascnn.spec import Explainer

_LONGEST = 60
"""Letters of a file's or a class's name in that of a picture."""


def write(found: Explanation, explainer: Explainer, folder: Path) -> Path:
    """Write an explanation into a folder, and return its file. A file that is there is never changed.

    The same explanation is written once. Raises ResourceError.
    """
    content, ending = draw(found, explainer.type_name, signed=explainer.signed)
    layer = getattr(explainer, "layer", None)
    words = [Path(found.path).stem, explainer.type_name, *([layer] if layer else []), found.label]
    return put(content, folder, words, ending)


def put(content: bytes, folder: Path, words: Sequence[str], ending: str) -> Path:
    """Write a file whose name is these words, and a number where that is taken, and return it. Raises ResourceError.

    What is there already, to the byte, is not written again.
    """
    base = "-".join(_safe(word) for word in words)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = folder / f"{base}{'' if number == 1 else f'-{number}'}{ending}"
            if not path.exists():
                break
            if path.is_file() and path.read_bytes() == content:
                return path
            number += 1
    except OSError as error:
        raise ResourceError(f"{folder} cannot be written: {error.strerror}") from error
    write_bytes(path, content)
    return path


def _safe(word: str) -> str:
    """Return a word with nothing that a file system takes for something else."""
    return "".join(letter if letter.isalnum() or letter in "._" else "_" for letter in word)[:_LONGEST] or "_"
