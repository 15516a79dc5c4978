"""The spec that is being written for the next training, and how it takes a version of the data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from kerascnn.errors import UsageError
from kerascnn.runs.folder import RUN_ID
from kerascnn_dashboard.logic.project import Project, Version
from kerascnn_dashboard.logic.spec_text import SpecText

OF_VERSION = ("source", "fixes", "allow")
"""What of the section `data` belongs to a version: left out there, it is left out of the spec."""


def with_data(text: str, version: Version) -> str:
    """Return a spec's text with the data of a version, everything else as it was. Raises SpecError."""
    spec = SpecText(text)
    for name in OF_VERSION:
        if name not in version.data and spec.get(f"data.{name}") is not None:
            spec.remove(f"data.{name}")
    for name, value in version.data.items():
        if spec.get(f"data.{name}") != value:
            spec.set(f"data.{name}", value)
    return spec.text


def with_changes(text: str, changes: Mapping[str, Any]) -> str:
    """Return a spec's text with values put in by their paths. Raises SpecError."""
    spec = SpecText(text)
    for path, value in changes.items():
        spec.set(path, value)
    return spec.text


def fitting_name(text: str) -> str:
    """Return the name of a spec that is nearest to what somebody wrote; "" where nothing of it can stay.

    >>> fitting_name("Käfer, 2. Versuch")
    'Kafer-2.-Versuch'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_.]+", "-", plain).strip("-._")[:64]


def given_spec(project: Project, run: str) -> str:
    """Return the text of the spec that a run was started with. Raises UsageError where it has none."""
    if not RUN_ID.fullmatch(run):
        raise UsageError(f"'{run[:80]}' is no run")
    folder = project.runs / run
    for name in ("spec.yaml", "spec.resolved.json"):
        try:
            return (folder / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    raise UsageError(f"the run {run} has no spec that can be read")
