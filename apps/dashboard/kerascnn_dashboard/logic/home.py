"""The home folder of a dashboard: its projects, and which folders of this computer it may read.

settings.json     the roots: folders that may be read besides the home itself
projects/NAME/    a project each
devices.lock      held by the training that runs, whatever its project
cache/            small versions of pictures; may be removed at any time
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn_dashboard.logic.project import Project, new_project

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
"""Names of projects; each is a folder's name on every system."""
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))})


@dataclass(frozen=True)
class Broken:
    """A project that cannot be read, and why."""

    name: str
    reason: str


class Home:
    """The folder that holds everything. Raises ResourceError where it cannot be made."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder).expanduser().resolve()
        try:
            for name in ("projects", "cache"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(f"cannot make {self.folder}: {error.strerror or error}") from error

    @property
    def device_lock(self) -> Path:
        """The file that the training which runs holds."""
        return self.folder / "devices.lock"

    def projects(self) -> list[Project | Broken]:
        """Return every project, the one that was changed last first; broken ones are among them."""
        found: list[tuple[float, Project | Broken]] = []
        for folder in (self.folder / "projects").iterdir():
            if not NAME.fullmatch(folder.name) or not folder.is_dir():
                continue
            try:
                project = Project(folder, self.device_lock)
                found.append((project.facts().changed, project))
            except UsageError as error:
                found.append((0.0, Broken(folder.name, str(error))))
        return [one for _, one in sorted(found, key=lambda pair: -pair[0])]

    def project(self, name: str) -> Project:
        """Return the project of that name. Raises UsageError where there is none, or it cannot be read."""
        if not NAME.fullmatch(name) or name in _RESERVED:
            raise UsageError(f"'{name[:80]}' is no name of a project")
        project = Project(self.folder / "projects" / name, self.device_lock)
        project.facts()
        return project

    def create(self, title: str, task: str, *, owner: str = "") -> Project:
        """Make a new project. Raises UsageError for a title without letters or digits, and for one that is taken."""
        title = " ".join(title.split())
        if len(title) > 80:
            raise UsageError(f"the name has {len(title)} characters; 80 are the most")
        name = name_of(title)
        folder = self.folder / "projects" / name
        if folder.exists():
            raise UsageError(f"there is a project '{name}' already; choose another name")
        return new_project(folder, title, task, owner, self.device_lock)

    def roots(self) -> list[Path]:
        """Return the folders that may be read besides the home. Raises UsageError where settings.json is damaged."""
        roots = self._settings().get("roots", [str(Path.home())])
        if not isinstance(roots, list):
            raise UsageError(f"{self.folder / 'settings.json'} cannot be read: roots should be a list")
        return [Path(str(root)).resolve() for root in roots]

    def set_roots(self, roots: list[str]) -> None:
        """Let these folders be read. Raises UsageError for what is no folder, with its name."""
        found = [Path(root).expanduser() for root in roots if root.strip()]
        for root in found:
            if not root.is_absolute() or not root.is_dir():
                raise UsageError(f"'{root}' is no folder of this computer; give its whole path, such as /data/pictures")
        kept = self._settings() | {"roots": [str(root.resolve()) for root in found]}
        write_json(self.folder / "settings.json", kept)

    def _settings(self) -> dict[str, Any]:
        file = self.folder / "settings.json"
        try:
            found = json.loads(file.read_text("utf-8"))
            if not isinstance(found, dict):
                raise TypeError("it should hold a mapping")
            return found
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from None

    def allowed(self, path: str | Path) -> Path:
        """Return a path, resolved, where it may be read. Raises UsageError where it lies outside, or is not there."""
        if not str(path).strip() or "\0" in str(path):
            raise UsageError("give the path of a folder, such as /data/pictures")
        asked = Path(str(path).strip()).expanduser()
        if not asked.is_absolute():
            raise UsageError(f"'{asked}' is no whole path; give one such as /data/pictures")
        found = self.inside(asked)
        if not os.path.exists(found):
            raise UsageError(f"there is no '{found}'")
        return found

    def inside(self, path: Path) -> Path:
        """Return a path, resolved, where it lies in a folder that may be read. Raises UsageError where it does not."""
        try:
            found = path.resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise UsageError(f"'{path}' cannot be followed: {error}") from None
        roots = [self.folder, *self.roots()]
        if not any(found.is_relative_to(root) for root in roots):
            there = ", ".join(map(str, roots[1:])) or "no other"
            raise UsageError(f"'{found}' may not be read; allowed folders are {there} (Settings changes them)")
        return found


def name_of(title: str) -> str:
    """Return the folder's name for a title: small letters, digits and hyphens. Raises UsageError where none is left.

    >>> name_of("Käfer & Würmer 2")
    'kafer-wurmer-2'
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-")
    if not name:
        raise UsageError("the name needs a letter from a to z or a digit")
    return f"{name}-project" if name in _RESERVED else name
