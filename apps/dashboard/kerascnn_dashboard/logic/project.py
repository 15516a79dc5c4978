"""A project: one question about one kind of data, with every version of the data and every run.

project.json      what it is, with a number that every change raises
data/vN.json      the versions of the data: written once, never changed
data/...          what was imported, and the files of label fixes
spec.yaml         the spec that the Train page shows, a draft
runs/             a run store as `kerascnn train --runs` writes it, with the queue
jobs/             what was started beside trainings
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kerascnn.errors import ResourceError, UsageError
from kerascnn.runs.atomic import write_json, write_text
from kerascnn_dashboard.logic.jobs import Jobs

FORMAT = 1


@dataclass(frozen=True)
class Facts:
    """What project.json holds."""

    title: str
    task: str
    """The name of its task component, such as image_classification."""
    owner: str = ""
    created: float = 0.0
    changed: float = 0.0
    """In seconds since 1970."""
    revision: int = 0
    """Rises with every change, so that a writer can be told that somebody else was faster."""
    format: int = FORMAT


@dataclass(frozen=True)
class Version:
    """One version of a project's data."""

    name: str
    """v1, v2, ..."""
    data: Mapping[str, Any]
    """What stands in the section `data` of a spec: `source`, and where there are any `fixes`, `allow`, `split`."""
    way: str
    """How it came: "folder", "archive", "table", "demo", "cleaning" or "predicted"."""
    about: str
    """A sentence on it for the table of versions."""
    made: float = 0.0
    by: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Counts that are known of it, such as samples and classes."""


class Project:
    """A project on the disk."""

    def __init__(self, folder: Path, device_lock: Path):
        self.folder = folder
        self.device_lock = device_lock

    @property
    def name(self) -> str:
        """The name of its folder, which stands in addresses."""
        return self.folder.name

    @property
    def runs(self) -> Path:
        """The folder of its runs."""
        return self.folder / "runs"

    @property
    def jobs(self) -> Jobs:
        """What was started beside trainings."""
        return Jobs(self.folder / "jobs")

    def facts(self) -> Facts:
        """Return what it is. Raises UsageError where project.json cannot be read, or is of a later version."""
        file = self.folder / "project.json"
        try:
            raw = json.loads(file.read_text("utf-8"))
            found = Facts(**raw)
            if not isinstance(found.title, str) or not isinstance(found.task, str):
                raise TypeError("title and task should be texts")
            if not isinstance(found.changed, int | float) or not isinstance(found.revision, int):
                raise TypeError("changed and revision should be numbers")
        except FileNotFoundError:
            raise UsageError(f"there is no project '{self.name}'") from None
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from None
        if found.format > FORMAT:
            raise UsageError(f"project '{self.name}' was written by a later kerascnn (format {found.format})")
        return found

    def versions(self) -> list[Version]:
        """Return the versions of its data, the first one first. Raises UsageError for one that cannot be read."""
        files = [file for file in (self.folder / "data").glob("v*.json") if file.stem[1:].isdecimal()]
        return [self._version(file) for file in sorted(files, key=lambda file: int(file.stem[1:]))]

    def version(self, name: str = "") -> Version:
        """Return the version of that name, or the last one. Raises UsageError where there is none."""
        found = self.versions()
        if not found:
            raise UsageError("the project has no data yet; bring some in on the page Data")
        chosen = next((version for version in found if version.name == name), None) if name else found[-1]
        if chosen is None:
            raise UsageError(
                f"there is no version '{name[:40]}' of the data; there are {', '.join(v.name for v in found)}"
            )
        return chosen

    def add_version(
        self, data: Mapping[str, Any], way: str, about: str, *, by: str = "", after: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Version:  # fmt: skip
        """Write a new version of the data and return it.

        `after` is the version that it was made from: where a newer one was made meanwhile UsageError is raised, and
        nothing is written.
        """
        with self._alone():
            there = self.versions()
            last = there[-1].name if there else ""
            if after is not None and after != last:
                raise UsageError(
                    f"somebody made {last} while you worked on {after or 'the first one'}; look at it before you save"
                )
            version = Version(f"v{len(there) + 1}", dict(data), way, about, time.time(), by, dict(facts or {}))
            write_json(self.folder / "data" / f"{version.name}.json", asdict(version))
            self._touch()
        return version

    def draft(self) -> str | None:
        """Return the text of the spec that is being written, None where there is none yet."""
        try:
            return (self.folder / "spec.yaml").read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self.folder / 'spec.yaml'} cannot be read: {error}") from None

    def keep_draft(self, text: str) -> None:
        """Keep the text of the spec, whether it is right or not."""
        write_text(self.folder / "spec.yaml", text)

    def change(self, *, seen: int, **values: Any) -> Facts:
        """Change what project.json says, such as the title.

        `seen` is the revision that the writer saw; UsageError is raised where somebody else has changed it since.
        """
        with self._alone():
            facts = self.facts()
            if facts.revision != seen:
                raise UsageError("somebody else has changed the project meanwhile; look at it again, then save")
            return self._touch(**values)

    def _touch(self, **values: Any) -> Facts:
        facts = self.facts()
        facts = replace(facts, **values, changed=time.time(), revision=facts.revision + 1)
        write_json(self.folder / "project.json", asdict(facts))
        return facts

    def _version(self, file: Path) -> Version:
        try:
            raw = json.loads(file.read_text("utf-8"))
            version = Version(**raw)
            if not isinstance(version.data, dict) or not isinstance(version.data.get("source"), dict):
                raise TypeError("data.source should be a mapping")
            return version
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one writer in at a time, of all processes."""
        try:
            with (self.folder / "project.lock").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise ResourceError(f"cannot write in {self.folder}: {error.strerror or error}") from error


def new_project(folder: Path, title: str, task: str, owner: str, device_lock: Path) -> Project:
    """Make a project's folder. Raises ResourceError where it cannot be made."""
    now = time.time()
    try:
        folder.mkdir()
        for name in ("data", "runs", "jobs"):
            (folder / name).mkdir()
        write_json(folder / "project.json", asdict(Facts(title, task, owner, now, now)))
    except OSError as error:
        raise ResourceError(f"cannot make {folder}: {error.strerror or error}") from error
    return Project(folder, device_lock)
