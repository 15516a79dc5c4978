"""The pages that plugins bring: which there are, where they stand, and the files that are brought on them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError, PluginError, ResourceError, UsageError
from kerascnn.runs.atomic import write_bytes
from kerascnn.spec import plugins
from kerascnn.spec.component import components
from kerascnn.spec.kinds import Page
from kerascnn_dashboard.logic.files import safe_name
from kerascnn_dashboard.logic.models import models_of, say_run
from kerascnn_dashboard.logic.project import Project

MOST_BYTES = 50 << 20
"""Of a file that is brought on a page."""


@dataclass(frozen=True)
class PluginPage:
    """One page of a plugin."""

    name: str
    """As `kerascnn plugins list` names it: PLUGIN.NAME."""
    page: type[Page]

    @property
    def address(self) -> str:
        """Its place in addresses. No page of the dashboard's own has a hyphen, and no plugin's name."""
        return self.name.replace(".", "-", 1)


def plugin_pages() -> list[PluginPage]:
    """Return the pages of all plugins that work, by name."""
    return [PluginPage(name, cls) for name, cls in components("page").items() if issubclass(cls, Page)]


def failure(page: PluginPage, error: BaseException) -> KerasCnnError:
    """Return what is said of an error that a page raised: a mistake of the user's as it is, else whose code it was."""
    if isinstance(error, KerasCnnError):
        return error
    said = plugins.blamed(error, "")
    if said is not None:
        return said
    return PluginError(f"the page '{page.name}' failed: {type(error).__name__}: {error}; tell its author")


def models(project: Project, tasks: tuple[str, ...]) -> dict[str, str]:
    """Return the runs of a project that have a model, of these tasks or all, each with what it is called."""
    found = {}
    for id, run in models_of(project).items():
        try:
            task = run.read("spec.resolved.json")["task"]["type"]
        except (KerasCnnError, KeyError, TypeError):
            continue  # the page Runs names those that cannot be read
        if not tasks or task in tasks:
            found[id] = say_run(run)
    return found


def known_by(page: str, label: str, about: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the facts by which a job of a page is found again, and a key for what is drawn of it.

    Raises TypeError for facts that are no plain data.
    """
    facts = {**json.loads(json.dumps(about)), "page": page, "label": label}
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
    return {**facts, "key": key}, key


def keep_file(project: Project, page: str, name: str, content: bytes) -> Path:
    """Write what somebody uploaded into the folder of a page, and return it. Raises UsageError, ResourceError."""
    if len(content) > MOST_BYTES:
        raise UsageError(f"'{name[:80]}' has {len(content) >> 20} MB; {MOST_BYTES >> 20} MB are the most")
    file = project.folder / "pages" / page / hashlib.sha256(content).hexdigest()[:16] / safe_name(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(f"cannot make {file.parent}: {error.strerror or error}") from error
    if not file.is_file():
        write_bytes(file, content)
    return file
