"""The samples of a version by name, read from its files by the source itself: for small pictures and beginnings."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from kerascnn.spec import Sample, plugins
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.sources import source_of

_LETTERS = 2000
"""Of a text that is kept: its beginning is all that is shown."""


def samples_of(project: Project, version: Version) -> dict[str, Sample]:
    """Return the samples of a version by their names; {} where its source reads no files, or they cannot be read.

    A version is never changed, so what was found is kept for a while.
    """
    return _scan(str(project.folder), version.name, str(version.data["source"]), version.made, _Box(version))


class _Box:
    """A version that counts as equal to any other: `_scan` is told apart by the rest."""

    def __init__(self, version: Version):
        self.version = version

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Box)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=2)
def _scan(folder: str, name: str, source: str, made: float, box: _Box) -> dict[str, Sample]:
    try:
        plugins.load_all()
        found = source_of(box.version.data["source"])
        # A source without files of its own may load a library that a web server has no room for.
        if not found.paths:
            return {}
        return {sample.id: _shortened(sample) for sample in found.scan().samples}
    except Exception:  # noqa: BLE001 - a source, such as a plugin's, may raise anything; the check says what is wrong
        return {}


def _shortened(sample: Sample) -> Sample:
    return replace(sample, payload=sample.payload[:_LETTERS]) if isinstance(sample.payload, str) else sample
