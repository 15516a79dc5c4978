"""What is known of pictures by their content, so that a second check of the same files decodes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from PIL import __version__ as pillow

from kerascnn import __version__
from kerascnn.engine.forms import Form
from kerascnn.places import cache_folder


class Verdicts:
    """What the check found out about contents in one form: a file of lines in the cache, only ever added to.

    A verdict is the facts of a picture with the number of its `channels`, or `{"reason": ...}`. Another version of
    kerascnn or of Pillow begins anew. A cache that cannot be read or written is as good as an empty one.
    """

    def __init__(self, form: Form):
        about = json.dumps([__version__, pillow, asdict(form)])
        self._file = cache_folder() / "verdicts" / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.jsonl"
        self._known: dict[str, dict[str, Any]] = {}
        self._new: list[str] = []
        try:
            lines = self._file.read_text("utf-8").splitlines()
        except (OSError, ValueError):
            lines = []
        for line in lines:
            try:
                key, verdict = json.loads(line)
                self._known[key] = dict(verdict)
            except (ValueError, TypeError):
                continue  # a line that was cut short when its writer was killed

    def get(self, digest: str, ending: str) -> dict[str, Any] | None:
        """Return the verdict on a content under this ending of a file's name, or None."""
        return self._known.get(f"{digest}{ending.lower()}")

    def add(self, digest: str, ending: str, verdict: dict[str, Any]) -> None:
        """Remember a verdict, until `save` writes it down."""
        self._new.append(json.dumps([f"{digest}{ending.lower()}", verdict]))

    def save(self) -> None:
        """Write down what is new, in one piece."""
        if not self._new:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write("".join(f"{line}\n" for line in self._new))
        except OSError:
            return
        self._new.clear()
