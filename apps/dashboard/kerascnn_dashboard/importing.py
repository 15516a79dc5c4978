"""Brings data into a project: `python -m kerascnn_dashboard.importing HOME PROJECT ORDER`, as a job.

ORDER is a JSON object: `{"way": "folder", "path": ...}`, `{"way": "upload", "upload": ID}`, `{"way": "demo"}`, or
`{"way": "as", "source": {...}, "from": way}` for a way to read what is there that the user chose. It prints what it
made as JSON, or the ways to read the data where it cannot tell which is right; progress goes to stderr.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from kerascnn.errors import KerasCnnError, StoppedError, UsageError, counted
from kerascnn_dashboard.logic import demo
from kerascnn_dashboard.logic.archives import is_archive, unpack
from kerascnn_dashboard.logic.detect import look
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.intake import Scanned, remove_left, scan, used_by
from kerascnn_dashboard.logic.looking import Candidate
from kerascnn_dashboard.logic.progress import tell
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.tasks import ready_tasks
from kerascnn_dashboard.logic.uploads import Uploads


def main(arguments: list[str]) -> int:
    """Do what the order says; return the exit code."""
    signal.signal(signal.SIGTERM, _end)
    try:
        folder, name, order = arguments
        home = Home(folder)
        result = bring_in(home, home.project(name), json.loads(order))
    except KerasCnnError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except ValueError as error:
        print(f"error: the order cannot be read: {error}", file=sys.stderr)  # noqa: T201
        return UsageError.exit_code
    print(json.dumps(result, ensure_ascii=False))  # noqa: T201
    return 0


def _end(number: int, frame: object) -> NoReturn:
    raise StoppedError("stopped; nothing was taken in")


def bring_in(home: Home, project: Project, order: dict[str, Any]) -> dict[str, Any]:
    """Bring data in; where it fails or is stopped, nothing of it is left behind.

    Return `{"version": NAME, ...}`, or `{"candidates": [...]}` for the user to choose from.
    """
    way = order.get("way") if isinstance(order, dict) else None
    if way not in _WAYS:
        raise UsageError(f"'{way}' is no way to bring data in; there are {', '.join(_WAYS)}")
    remove_left(project)
    folder = project.folder / "data" / f"import-{time.time_ns():x}"
    kept = False
    try:
        result = _WAYS[way](home, project, order, folder)
        kept = True
        return {**result, "folder": folder.name if folder.is_dir() else ""}
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
        taken = Uploads(home).find(str(order.get("upload", ""))) if way == "upload" else None
        if taken is not None and taken.project == project.name and taken.file is not None:
            Uploads(home).remove(taken.id)


def _folder(home: Home, project: Project, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read a folder or a file of this computer where it lies; an archive is unpacked into the project."""
    path = home.allowed(str(order.get("path", "")))
    if path.is_file() and is_archive(path.name):
        unpack(path, folder, progress=tell)
        return _read(home, project, order, folder, "archive", path.name)
    return _read(home, project, order, path, "folder" if path.is_dir() else "table", str(path))


def _upload(home: Home, project: Project, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Take an upload into the project."""
    upload = Uploads(home).find(str(order.get("upload", "")))
    if upload is None or upload.project != project.name:
        raise UsageError("there is no such upload; choose the file again")
    if upload.file is None:
        raise UsageError(f"{upload.name} is not whole yet: {upload.received} of {upload.size} bytes are there")
    if is_archive(upload.name):
        unpack(upload.file, folder, progress=tell)
        return _read(home, project, order, folder, "archive", upload.name)
    folder.mkdir(parents=True)
    file = folder / upload.name
    shutil.move(upload.file, file)
    return _read(home, project, order, file, "table", upload.name)


def _demo(home: Home, project: Project, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make the demo that suits the project's task."""
    about = ready_tasks().get(project.facts().task)
    kind = demo.demo_for(about.reads, about.target) if about else ""
    if not kind:
        raise UsageError("there is no demo for this task; bring data of your own")
    made = demo.make_data(kind, folder)
    version = project.add_version(
        {"source": dict(made.source)}, "demo", made.about, by=str(order.get("by", "")), facts=made.facts
    )
    return {"version": version.name, "source": dict(made.source), "facts": made.facts, "candidates": []}


def _as(home: Home, project: Project, order: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read data that is there in the way that the user chose."""
    source = order.get("source")
    if not isinstance(source, dict):
        raise UsageError("the order lacks the source")
    way = str(order.get("from", "folder"))
    if way not in ("folder", "archive", "table"):
        raise UsageError(f"'{way}' is no way in which data comes")
    return _take(home, project, order, source, way, str(order.get("name", "")))


_WAYS = {"folder": _folder, "upload": _upload, "demo": _demo, "as": _as}


def _read(
    home: Home, project: Project, order: dict[str, Any], path: Path, way: str, name: str
) -> dict[str, Any]:  # fmt: skip
    """Recognise what lies at a path, and take it where there is no doubt."""
    about = ready_tasks().get(project.facts().task)
    if about is None:
        raise UsageError(f"the task '{project.facts().task}' of this project is not installed")
    tell(0.0, "looking at what is there")
    found = look(path, about.reads, about.target)
    offered: list[Candidate] = found.candidates
    choice = {"candidates": [one.as_dict() for one in offered], "from": way, "name": name}
    if found.sure is None:
        return choice
    return {**choice, **_take(home, project, order, dict(found.sure.source), way, name)}


def _take(
    home: Home, project: Project, order: dict[str, Any], source: dict[str, Any], way: str, name: str
) -> dict[str, Any]:  # fmt: skip
    """Scan a source and write the version."""
    about = ready_tasks().get(project.facts().task)
    tell(0.0, "reading the list of samples")
    scanned: Scanned = scan(home, project, source, about.reads if about else "", about.target if about else "")
    said = counted(scanned.facts["samples"], "sample", "samples")
    said += f" of {counted(scanned.facts['classes'], 'class', 'classes')}" if scanned.facts["classes"] else ""
    version = project.add_version(
        {"source": scanned.source}, way, f"{said} from {name or used_by(scanned.source)}", by=str(order.get("by", "")),
        facts=scanned.facts,
    )  # fmt: skip
    tell(1.0, f"wrote {version.name}")
    return {"version": version.name, "source": scanned.source, "facts": scanned.facts}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
