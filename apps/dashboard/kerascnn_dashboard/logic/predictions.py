"""Answers of a run's model for files that somebody brings: asked beside the page, written down as they come.

predictions/ID/batch.json     the run and the files: written once      files/     what was uploaded
               answers.jsonl  a line a file, in their order            overlays/  pictures with masks and boxes
               end.json       how it ended
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascnn.errors import KerasCnnError, ResourceError, UsageError, printable
from kerascnn.runs.atomic import read_json_lines, write_json
from kerascnn.runs.folder import RUN_ID
from kerascnn_dashboard.logic.files import safe_name
from kerascnn_dashboard.logic.jobs import ID
from kerascnn_dashboard.logic.models import models_of, say_run
from kerascnn_dashboard.logic.predictor import predictors
from kerascnn_dashboard.logic.project import Project

MOST_BYTES = 50 << 20
"""Of a file that is uploaded."""
MOST_UPLOADS = 500
KEPT = 20
"""Batches of a project that are kept, the last ones."""
_AT_ONCE = 64
_LIVE: dict[str, threading.Event] = {}
"""Batches on which a thread of this server works, by folder, each with the word that ends it."""


@dataclass(frozen=True)
class Choice:
    """A run whose model can answer."""

    id: str
    title: str
    path: Path
    reads: str
    """The kind of data that it takes: "image", "text", "series", "audio"."""
    labels: tuple[str, ...]
    task: str
    """The name of its task component."""
    calibrated: bool
    """Whether its answers say how sure they are by more than a probability."""


@dataclass(frozen=True)
class Batch:
    """Files that were asked for together."""

    folder: Path
    run: str
    files: tuple[str, ...]
    names: tuple[str, ...]
    """How the files are called on the page."""
    made: float
    said: Mapping[str, Any]
    """How it ended: `state` and `reason`; {} before."""

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    def state(self) -> str:
        """Return "starting", "answering", "done", "failed", "stopped", or "lost" where the server ended meanwhile."""
        if self.said:
            return str(self.said["state"])
        if str(self.folder) not in _LIVE:
            return "lost"
        return "answering" if (self.folder / "answers.jsonl").is_file() else "starting"

    def rows(self) -> list[dict[str, Any]]:
        """Return what is answered so far: predictions, with `name`, and where there is one the file of an `overlay`."""
        return [row for row in self._lines() if "error" not in row]

    def errors(self) -> list[dict[str, Any]]:
        """Return the `name` of each file that cannot be read, and the `error`."""
        return [row for row in self._lines() if "error" in row]

    def answered(self) -> int:
        """Return how many files are done with."""
        return len(self._lines())

    def wait(self, seconds: float) -> None:
        """Return when it has ended, or after so many seconds."""
        until = time.monotonic() + seconds
        while str(self.folder) in _LIVE and time.monotonic() < until:
            time.sleep(0.02)

    def stop(self) -> None:
        """End it after the files that are being answered now."""
        word = _LIVE.get(str(self.folder))
        if word is not None:
            word.set()

    def _lines(self) -> list[dict[str, Any]]:
        file = self.folder / "answers.jsonl"
        return read_json_lines(file) if file.is_file() else []


def choices(project: Project) -> list[Choice]:
    """Return the runs whose model can answer, the last one first."""
    found = []
    for run in models_of(project).values():
        try:
            shape, labels = run.read("input.json"), run.read("labels.json")
            task = run.read("spec.resolved.json")["task"]["type"]
        except (KerasCnnError, KeyError, TypeError):
            continue  # the page Runs names those that cannot be read
        reads = str(shape.get("medium", "image"))
        calibrated = (run.path / "calibration.json").is_file()
        found.append(Choice(run.id, say_run(run), run.path, reads, tuple(map(str, labels)), str(task), calibrated))
    return found


def new_batch(
    project: Project, choice: Choice, *, id: str, uploads: Sequence[tuple[str, bytes]] = (),
    files: Sequence[Path] = (), names: Sequence[str] = (),
) -> Batch:  # fmt: skip
    """Keep what was uploaded, and ask the model beside the page; a second time with the same id does nothing.

    Raises UsageError for files that are too large or too many.
    """
    _refuse(id, uploads, files)
    folder = project.folder / "predictions" / id
    try:
        folder.parent.mkdir(exist_ok=True)
        folder.mkdir()
    except FileExistsError:
        found = find_batch(project, id)
        if found is None:
            raise UsageError("the files are being kept; wait a moment") from None
        return found
    except OSError as error:
        raise ResourceError(f"cannot make {folder}: {error.strerror or error}") from error
    try:
        kept = [*map(str, files), *_keep(folder / "files", uploads)]
        shown = [*(names or [file.name for file in files]), *(printable(name)[:200] for name, _ in uploads)]
        write_json(folder / "batch.json", {"run": choice.id, "files": kept, "names": shown, "made": time.time()})
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ResourceError(f"cannot write in {folder}: {error.strerror or error}") from error
    batch = find_batch(project, id)
    assert batch is not None
    _forget_old(project)
    work_on(batch, choice)
    return batch


def _refuse(id: str, uploads: Sequence[tuple[str, bytes]], files: Sequence[Path]) -> None:
    if not ID.fullmatch(id):
        raise UsageError(f"'{id[:80]}' is no name of a batch")
    if len(uploads) > MOST_UPLOADS:
        raise UsageError(
            f"{len(uploads)} files are too many at once; {MOST_UPLOADS} are the most, or name their folder"
        )
    large = [name for name, data in uploads if len(data) > MOST_BYTES]
    if large:
        raise UsageError(f"'{printable(large[0])}' is larger than {MOST_BYTES >> 20} MB")
    if not uploads and not files:
        raise UsageError("choose a file first")


def work_on(batch: Batch, choice: Choice) -> None:
    """Ask for what is not answered yet, in a thread of its own."""
    word = threading.Event()
    if _LIVE.setdefault(str(batch.folder), word) is not word:
        return
    threading.Thread(target=_work, args=(batch, choice.path, word), name=f"batch {batch.id}", daemon=True).start()


def again(batch: Batch, choice: Choice) -> None:
    """Go on with a batch that was stopped, failed or lost."""
    (batch.folder / "end.json").unlink(missing_ok=True)
    work_on(batch, choice)


def find_batch(project: Project, id: str) -> Batch | None:
    """Return the batch of that id, None where there is none that can be read."""
    if not ID.fullmatch(id):
        return None
    folder = project.folder / "predictions" / id
    try:
        about = json.loads((folder / "batch.json").read_text("utf-8"))
        files, names = tuple(map(str, about["files"])), tuple(map(str, about["names"]))
        made, run = float(about["made"]), str(about["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        said = json.loads((folder / "end.json").read_text("utf-8"))
    except (OSError, ValueError):
        said = {}
    return Batch(folder, run, files, names, made, said) if len(files) == len(names) and RUN_ID.fullmatch(run) else None


def last_batch(project: Project, run: str) -> Batch | None:
    """Return what a run was asked for last."""
    folder = project.folder / "predictions"
    names = [item.name for item in folder.iterdir()] if folder.is_dir() else []
    found = [batch for name in names if (batch := find_batch(project, name)) is not None and batch.run == run]
    return max(found, key=lambda batch: batch.made, default=None)


def _keep(folder: Path, uploads: Sequence[tuple[str, bytes]]) -> list[str]:
    """Write uploads under names that tell them apart; return the files."""
    folder.mkdir()
    kept = []
    for i, (name, data) in enumerate(uploads):
        file = folder / f"{i:04d}-{safe_name(name)}"
        file.write_bytes(data)
        kept.append(str(file))
    return kept


def _forget_old(project: Project) -> None:
    """Remove what was asked for long ago."""
    folder = project.folder / "predictions"
    found = [batch for item in folder.iterdir() if (batch := find_batch(project, item.name)) is not None]
    for batch in sorted(found, key=lambda batch: -batch.made)[KEPT:]:
        if str(batch.folder) not in _LIVE:
            shutil.rmtree(batch.folder, ignore_errors=True)


def _work(batch: Batch, run: Path, word: threading.Event) -> None:
    end: dict[str, Any] = {"state": "done"}
    try:
        for start in range(batch.answered(), len(batch.files), _AT_ONCE):
            if word.is_set():
                end = {"state": "stopped"}
                break
            _ask(batch, run, start)
    except KerasCnnError as error:
        end = {"state": "failed", "reason": str(error)}
    except OSError as error:
        end = {"state": "failed", "reason": f"cannot write in {batch.folder}: {error.strerror or error}"}
    finally:
        try:
            write_json(batch.folder / "end.json", end)
        finally:
            _LIVE.pop(str(batch.folder), None)


def _ask(batch: Batch, run: Path, start: int) -> None:
    """Ask for the next files, and write down what is said of each, in their order."""
    files = batch.files[start : start + _AT_ONCE]
    overlays = batch.folder / "overlays" / str(start)
    overlays.mkdir(parents=True, exist_ok=True)
    said = predictors().ask(run, files, str(overlays))
    bad = {error["path"]: error["reason"] for error in said["errors"]}
    # Files that can be read come in their order, also where one is named twice.
    good = iter(enumerate(said["predictions"]))
    lines = []
    for file, name in zip(files, batch.names[start:], strict=False):
        if file in bad:
            lines.append({"path": file, "name": name, "error": bad[file]})
            continue
        i, row = next(good, (0, None))
        if row is None:
            raise UsageError("the model's process answered for fewer files than it was asked for")
        drawn = overlays / f"{i}.png"
        lines.append({**row, "name": name, **({"overlay": str(drawn)} if drawn.is_file() else {})})
    with (batch.folder / "answers.jsonl").open("a", encoding="ascii") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
