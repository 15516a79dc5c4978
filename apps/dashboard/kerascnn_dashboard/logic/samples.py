"""What the samples of a run look like, by their names.

To read them takes the run's source, which may need scikit-learn or much memory: a process of its own does that
(`python -m kerascnn_dashboard.showing`) and leaves what it found in the home's cache.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kerascnn.errors import DataError, KerasCnnError, ResourceError, printable
from kerascnn.runs.atomic import write_json
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Sample, spec_from_dict
from kerascnn_dashboard.logic.home import Home
from kerascnn_dashboard.logic.pictures import array_picture, curve, excerpt, keep_picture, thumbnail

AT_ONCE = 240
"""How many are made ready in one go, so that the next page is there at once."""
_SECONDS = 180.0


@dataclass(frozen=True)
class Shown:
    """One sample in small."""

    id: str
    medium: str
    """image, text, series or audio."""
    label: str = ""
    """What its source says that it is."""
    picture: str = ""
    """A thumbnail's file."""
    text: str = ""
    """The beginning of a text."""
    curve: Sequence[Mapping[str, float | str]] = ()
    """The rows of a small chart."""
    file: str = ""
    """A file that holds the whole sample: its own, or one in the cache."""
    reason: str = ""
    """Why nothing can be shown."""
    stamp: tuple[int, int] = (0, 0)
    """Time and size of its own file, by which a change is seen."""


def shown(home: Home, run: RunFolder, ids: Sequence[str], more: Sequence[str] = ()) -> dict[str, Shown]:
    """Return these samples of a run; `more` are made ready beside them.

    Raises KerasCnnError with the reason where the source cannot be read.
    """
    folder = cache_of(home, run)
    found = {name: one for name in ids if (one := _kept(folder, name)) is not None}
    gone = [name for name in ids if name not in found]
    if gone:
        also = [name for name in more if name not in gone and _kept(folder, name) is None]
        _make(home, run, [*gone, *also][: max(AT_ONCE, len(gone))])
        found |= {name: one for name in gone if (one := _kept(folder, name)) is not None}
    medium = medium_of(run)
    return {name: found.get(name) or Shown(name, medium, reason="cannot be shown") for name in ids}


def medium_of(run: RunFolder) -> str:
    """Return the kind of data that a run reads: image, text, series or audio."""
    return str(run.read("input.json").get("medium", ""))


def cache_of(home: Home, run: RunFolder) -> Path:
    """Return the folder in which what was found of a run's samples is kept: runs of the same data share it."""
    data = run.read("spec.resolved.json")["data"]
    about = json.dumps([data["source"], data.get("fixes"), medium_of(run)], sort_keys=True)
    return home.folder / "cache" / "samples" / hashlib.sha256(about.encode()).hexdigest()[:24]


def write_all(home: Home, run: RunFolder, ids: Sequence[str]) -> None:
    """Read samples from the run's source and keep what they look like. Raises KerasCnnError."""
    spec = spec_from_dict(run.read("spec.resolved.json"))
    folder, medium = cache_of(home, run), medium_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(ids)
    samples = {sample.id: sample for sample in spec.data.source.scan().samples if sample.id in wanted}
    lines = {line["id"]: line for line in run.manifest() if line["id"] in wanted}
    for name in ids:
        if name not in samples:
            one = Shown(name, medium, reason="is not in the source any more")
        else:
            one = _look(home, folder, samples[name], medium, lines.get(name, {}))
        write_json(_entry(folder, name), asdict(one))


def _look(home: Home, folder: Path, sample: Sample, medium: str, line: Mapping[str, Any]) -> Shown:
    payload, own = sample.payload, isinstance(sample.payload, Path)
    one = Shown(sample.id, medium, _label(sample), stamp=_stamp(payload) if own else (0, 0))
    if own:
        one = replace(one, file=str(payload.resolve()))
    try:
        if own and line.get("sha256") and medium == "image" and _digest(payload) != line["sha256"]:
            return replace(one, reason="has other content than when the run was trained")
        if medium == "image":
            return _picture(home, folder, one, payload)
        if medium == "text":
            return replace(one, text=excerpt(str(payload)), file=one.file or _keep_text(folder, one.id, str(payload)))
        if own and medium == "audio":
            return one
        return replace(one, curve=curve(payload), file=one.file or _keep_array(folder, one.id, payload))
    except (KerasCnnError, OSError, ValueError, TypeError) as error:
        return replace(one, reason=str(error).splitlines()[0] if str(error) else type(error).__name__)


def _picture(home: Home, folder: Path, one: Shown, payload: Any) -> Shown:
    if isinstance(payload, Path):
        return replace(one, picture=str(thumbnail(home, payload)))
    small = _entry(folder, one.id).with_suffix(".png")
    keep_picture(array_picture(payload), small)
    return replace(one, picture=str(small), file=_keep_array(folder, one.id, payload))


def _keep_array(folder: Path, name: str, array: Any) -> str:
    import numpy as np

    file = _entry(folder, name).with_suffix(".npy")
    np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    return str(file)


def _keep_text(folder: Path, name: str, text: str) -> str:
    file = _entry(folder, name).with_suffix(".txt")
    file.write_text(text, "utf-8", errors="surrogateescape")
    return str(file)


def _label(sample: Sample) -> str:
    if sample.label or not isinstance(sample.target, tuple):
        return sample.label
    said = [one for one in sample.target if isinstance(one, str | float)]
    return ", ".join(one if isinstance(one, str) else f"{one:.5g}" for one in said)


def _kept(folder: Path, name: str) -> Shown | None:
    """Return what is kept of a sample; None where nothing is, or its file has changed since."""
    try:
        raw = json.loads(_entry(folder, name).read_text("utf-8"))
        one = Shown(**{**raw, "stamp": tuple(raw["stamp"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if one.stamp != (0, 0) and one.stamp != _stamp(Path(one.file)):
        return None
    return None if one.picture and not os.path.isfile(one.picture) else one


def _entry(folder: Path, name: str) -> Path:
    return folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"


def _stamp(file: Path) -> tuple[int, int]:
    try:
        about = file.stat()
        return about.st_mtime_ns, about.st_size
    except OSError:
        return -1, -1


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _make(home: Home, run: RunFolder, ids: Sequence[str]) -> None:
    """Let a process of its own look at samples. Raises DataError with its words, ResourceError where it cannot run."""
    command = [sys.executable, "-m", "kerascnn_dashboard.showing", str(home.folder), str(run.path.resolve())]
    try:
        done = subprocess.run(
            command, input=json.dumps(list(ids)).encode("utf-8"), capture_output=True, timeout=_SECONDS, cwd=run.path
        )
    except subprocess.TimeoutExpired:
        raise ResourceError(f"to read the samples took more than {_SECONDS:.0f} seconds; look again later") from None
    except OSError as error:
        raise ResourceError(f"cannot start a process: {error.strerror or error}") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        reason = said.removeprefix("error:").strip() or f"the process ended with exit code {done.returncode}"
        raise DataError(f"the samples cannot be shown: {printable(reason)}")
