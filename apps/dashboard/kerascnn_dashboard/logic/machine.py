"""What the dashboard takes of this computer, and what of it can be removed without loss."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerascnn.errors import KerasCnnError, ResourceError, UsageError
from kerascnn.runs.folder import list_runs
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.jobs import Jobs
from kerascnn_dashboard.logic.project import Project

_STALE = 24 * 3600.0
"""Seconds after which a temporary file that nobody touched is left over."""


@dataclass(frozen=True)
class Used:
    """What a project takes on the disk, in bytes."""

    name: str
    title: str
    data: int
    runs: int
    other: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.data + self.runs + self.other


@dataclass(frozen=True)
class Removable:
    """One kind of thing that can be removed."""

    id: str
    title: str
    about: str
    """What is lost with it."""
    paths: tuple[Path, ...]
    size: int


@dataclass(frozen=True)
class Disk:
    """The disk that the home folder lies on, in bytes."""

    total: int
    free: int


def jobs_of(home: Home) -> Jobs:
    """Return the jobs that are about the computer and no project."""
    return Jobs(home.folder / "jobs")


def used(home: Home) -> list[Used]:
    """Return what each project takes, the largest first."""
    found = []
    for project in home.projects():
        folder = project.folder if isinstance(project, Project) else home.folder / "projects" / project.name
        try:
            title = project.facts().title if isinstance(project, Project) else project.name
        except KerasCnnError:
            title = project.name
        data, runs, every = (size_of(one) for one in (folder / "data", folder / "runs", folder))
        found.append(Used(project.name, title, data, runs, every - data - runs))
    return sorted(found, key=lambda one: -one.total)


def disk(home: Home) -> Disk:
    """Return how full the disk is."""
    found = shutil.disk_usage(home.folder)
    return Disk(found.total, found.free)


def size_of(path: Path) -> int:
    """Return the bytes of a file or of all files below a folder; links count for nothing."""
    if path.is_symlink():
        return 0
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # it has just gone
    return total


def removable(home: Home, now: float | None = None) -> list[Removable]:
    """Return what can be removed, with what is lost by it."""
    now = time.time() if now is None else now
    kinds = [
        ("done", "Checkpoints of trainings that are done", "Nothing is lost: the models stay.",
         _checkpoints(home, done=True)),
        ("ended", "Checkpoints of trainings that stopped or failed",
         "They cannot be gone on with any more; the best models so far stay.", _checkpoints(home, done=False)),
        ("cache", "Small versions of pictures, and other things that are made again",
         "Nothing is lost: pages make them again, which takes a moment.", _caches(home)),
        ("trash", "Trainings that were thrown away", "They cannot be brought back any more.",
         _inside(home.folder / "trash")),
        ("left", "What uploads and downloads left over", "Nothing is lost.", _left(home, now)),
    ]  # fmt: skip
    found = []
    for id, title, about, paths in kinds:
        there = tuple(paths)
        found.append(Removable(id, title, about, there, sum(size_of(path) for path in there)))
    return found


def remove(home: Home, asked: Sequence[str]) -> int:
    """Remove these kinds of things, as they are found now, and return how many bytes are free again.

    Raises UsageError for a kind that there is not, ResourceError for what cannot be removed.
    """
    there = {one.id: one for one in removable(home)}
    unknown = [name for name in asked if name not in there]
    if unknown:
        raise UsageError(f"nothing to remove is named '{unknown[0][:40]}'")
    freed, stuck = 0, []
    for name in asked:
        for path in there[name].paths:
            size = size_of(path)
            try:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                freed += size
            except OSError as error:
                stuck.append(f"{path}: {error.strerror or error}")
    if stuck:
        raise ResourceError("\n".join([f"{len(stuck)} of them could not be removed", *stuck[:5]]))
    return freed


def _checkpoints(home: Home, *, done: bool) -> Iterator[Path]:
    for project in home.projects():
        if not isinstance(project, Project):
            continue
        for run in list_runs(project.runs):
            try:
                state = run.state.state
            except KerasCnnError:
                continue
            wanted = ("done", "diverged") if done else ("stopped", "failed", "lost")
            if state in wanted and (run.path / "ckpt").is_dir():
                yield run.path / "ckpt"


def _caches(home: Home) -> Iterator[Path]:
    yield from _inside(home.folder / "cache")
    for project in home.projects():
        if isinstance(project, Project):
            yield from _inside(project.folder / "cache")


def _left(home: Home, now: float) -> Iterator[Path]:
    projects = [one for one in home.projects() if isinstance(one, Project)]
    for place in [home.folder / "uploads", *(project.folder / "bundles" for project in projects)]:
        for path in _inside(place):
            try:
                if now - path.stat().st_mtime > _STALE:
                    yield path
            except OSError:
                continue  # it has just gone


def _inside(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.iterdir())
    except OSError:
        return
