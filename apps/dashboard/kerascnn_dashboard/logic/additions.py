"""Files that were predicted become samples: a new version of the data, with a folder of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from kerascnn.errors import ResourceError, UsageError, printable
from kerascnn.sources.files import SPLIT_NAMES, is_junk
from kerascnn_dashboard.logic.files import safe_name
from kerascnn_dashboard.logic.predictions import Batch
from kerascnn_dashboard.logic.project import Project, Version

FOLDERS = frozenset({"image_folder", "text_folder"})
"""Sources whose classes are folders: a file is added by putting it there."""


def why_not(project: Project) -> str:
    """Return why files cannot be added to the newest version of the data, "" where they can."""
    versions = project.versions()
    if not versions:
        return "the project has no data yet"
    source = versions[-1].data["source"]
    kind, path = str(source.get("type")), str(source.get("path", ""))
    if kind not in FOLDERS:
        return (
            f"the data of this project come from a source '{kind}', to which files cannot be added one by one; add "
            "them to your own data, and import these again"
        )
    root = Path(path)
    if not root.is_absolute() or not root.resolve().is_relative_to(project.folder.resolve()):
        return f"the data lie in a folder of yours; put the files into {path} yourself, then import it again"
    if not root.is_dir():
        return f"the folder of the data, {path}, is gone"
    split = versions[-1].data.get("split") or {}
    if split.get("file") or split.get("lists"):
        return "a file says which sample is in which split, and new files would be in none; add them there"
    return ""


def classes_of(project: Project) -> list[str]:
    """Return the classes of the newest version: the names of its folders."""
    root, inside = _places(Path(project.version().data["source"]["path"]))
    top = root / inside if inside else root
    return sorted(item.name for item in top.iterdir() if item.is_dir() and not is_junk(item))


def add_files(project: Project, batch: Batch, labels: Mapping[int, str], *, after: str, by: str = "") -> Version:
    """Make a new version with these files of a batch (by their number in it) under their right classes.

    The older version stays as it is. Raises UsageError where this cannot be, or `after` is not the newest version.
    """
    if reason := why_not(project):
        raise UsageError(reason)
    if not labels:
        raise UsageError("choose at least one file to add")
    known = classes_of(project)
    for number, label in labels.items():
        if label not in known:
            raise UsageError(f"there is no class '{printable(label)[:80]}'; there are {', '.join(known[:10])}")
        if not 0 <= number < len(batch.files) or not Path(batch.files[number]).is_file():
            raise UsageError(f"file {number + 1} of the batch is gone")
    old = project.version()
    if old.name != after:
        raise UsageError(f"somebody made {old.name} while you worked on {after}; look at it before you save")
    root, inside = _places(Path(old.data["source"]["path"]))
    target = project.folder / "data" / f"added-{batch.id}-{os.urandom(3).hex()}"
    try:
        shutil.copytree(root, target, copy_function=_link)
        for number, label in labels.items():
            name = f"added-{batch.id}-{number:04d}-{safe_name(Path(batch.files[number]).name)}"
            shutil.copyfile(batch.files[number], target / inside / label / name)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise ResourceError(f"cannot write {target}: {error.strerror or error}") from error
    many = f"{len(labels)} predicted file{'s' if len(labels) != 1 else ''} added to {old.name}"
    data = {**old.data, "source": {**old.data["source"], "path": str(target)}}
    facts = {**old.facts, **({"samples": old.facts["samples"] + len(labels)} if "samples" in old.facts else {})}
    try:
        return project.add_version(data, "predicted", many, by=by, after=after, facts=facts)
    except UsageError:
        shutil.rmtree(target, ignore_errors=True)
        raise


def _places(root: Path) -> tuple[Path, str]:
    """Return the source's folder, and the folder below it that holds the classes to be trained on, "" for itself."""
    try:
        tops = [item.name for item in root.iterdir() if item.is_dir() and not is_junk(item)]
    except OSError as error:
        raise ResourceError(f"cannot read {root}: {error.strerror or error}") from error
    splits = {SPLIT_NAMES.get(name.lower(), ""): name for name in tops}
    return root, splits["train"] if "train" in splits and "" not in splits else ""


def _link(source: str, target: str) -> None:
    """Give a file a second name, which takes no room; copy it where the disk knows no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
