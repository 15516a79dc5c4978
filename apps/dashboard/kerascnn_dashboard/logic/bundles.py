"""A model as one file: what `Download model` gives, and how it is brought into another project.

It is a zip of the files below, by their own names. What comes from outside is only taken where it is just that: known
names, known formats, a model of known classes. Nothing of it is run when it is taken in.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kerascnn.errors import KerasCnnError, ResourceError, UntrustedFileError, UsageError, printable
from kerascnn.runs.account import model_card
from kerascnn.runs.atomic import write_bytes, write_json
from kerascnn.runs.folder import FORMAT, RUN_ID, RunFolder
from kerascnn.runs.state import State
from kerascnn.spec.load import spec_from_dict
from kerascnn_dashboard.logic.model_config import check_model, check_weights

NEEDED = ("model.keras", "labels.json", "input.json", "RUN.json", "spec.resolved.json")
OPTIONAL = ("calibration.json", "spec.yaml", "spec.json", "model_card.md")
MOST = 4 << 30
"""Bytes of a bundle, packed and unpacked."""
_SMALL = 64 << 20
"""Bytes of each file but the model."""
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Bundle:
    """What a bundle says of itself."""

    run: str
    """The id of the run that it was made of."""
    name: str
    task: str
    labels: tuple[str, ...]
    version: str
    """Of the kerascnn that made it."""


def write_bundle(run: RunFolder, target: Path) -> Path:
    """Write the bundle of a run. Raises UsageError where the run has no model, ResourceError where there is no room."""
    for name in NEEDED:
        if not (run.path / name).is_file():
            run.read(name)  # says why there is none
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in (*NEEDED, *OPTIONAL):
                    _add(archive, run, name)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ResourceError(f"cannot write {target}: {error.strerror or error}") from error
    return target


def _add(archive: zipfile.ZipFile, run: RunFolder, name: str) -> None:
    about = zipfile.ZipInfo(name, _STAMP)
    # The model is a zip itself: packing it again would only take time.
    about.compress_type = zipfile.ZIP_STORED if name == "model.keras" else zipfile.ZIP_DEFLATED
    file = run.path / name
    if name == "model_card.md" and not file.is_file():
        try:
            archive.writestr(about, model_card(run))
        except (KerasCnnError, KeyError, TypeError):
            return  # a run that was brought in itself has not all that a card tells
    elif file.is_file():
        with file.open("rb") as source, archive.open(about, "w", force_zip64=True) as into:
            shutil.copyfileobj(source, into, 1 << 20)


def check_bundle(file: Path | IO[bytes], name: str = "the file") -> Bundle:
    """Return what a bundle is. Raises UntrustedFileError, with what is wrong, for anything else."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check_names(archive, name)
            about, labels, spec = (
                _read(archive, one, name) for one in ("RUN.json", "labels.json", "spec.resolved.json")
            )
            _read(archive, "input.json", name)
            if "calibration.json" in archive.namelist():
                _read(archive, "calibration.json", name)
            with archive.open("model.keras") as packed:
                check_model(packed, "model.keras")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise UntrustedFileError(f"{name} is refused: it is no zip that can be read ({error})") from None
    return _bundle(about, labels, spec, name)


def take_bundle(file: Path, runs: Path, name: str = "") -> Bundle:
    """Bring a bundle in as a run of a folder of runs, and return what it is. It is for a job: it needs h5py.

    Raises UntrustedFileError for what is none, UsageError where the run is there, ResourceError where it cannot be
    written. Nothing half-written is left.
    """
    said = name or file.name
    bundle = check_bundle(file, said)
    target = runs / bundle.run
    if target.exists():
        raise UsageError(f"this project has the run {bundle.run} already")
    part = runs / f".bringing-{secrets.token_hex(4)}"
    try:
        part.mkdir(parents=True)
        (part / "logs").mkdir()
        with zipfile.ZipFile(file) as archive:
            for one in archive.namelist():
                with archive.open(one) as source, (part / one).open("wb") as into:
                    shutil.copyfileobj(source, into, 1 << 20)
        with (part / "model.keras").open("rb") as model:
            check_weights(model, "model.keras")
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} brought in from {printable(said)[:200]}\n"
        write_bytes(part / "logs" / "run.log", stamp.encode())
        write_json(part / "state.json", State("done", exit_code=0, time=time.time()).__dict__)
        os.replace(part, target)
    except OSError as error:
        raise ResourceError(f"cannot write under {runs}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return bundle


def _check_names(archive: zipfile.ZipFile, name: str) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    strange = sorted(set(names) - {*NEEDED, *OPTIONAL})
    if strange:
        shown = ", ".join(f"'{printable(one)[:80]}'" for one in strange[:3])
        raise UntrustedFileError(f"{name} is refused: a model's bundle holds no {shown}")
    missing = [one for one in NEEDED if one not in names]
    if missing or len(set(names)) != len(names):
        why = f"it lacks {', '.join(missing)}" if missing else "it holds a name twice"
        raise UntrustedFileError(f"{name} is refused: {why}; take a file that `Download model` of a report gave")
    for member in members:
        if member.flag_bits & 1:
            raise UntrustedFileError(f"{name} is refused: {member.filename} is encrypted")
        if member.filename != "model.keras" and member.file_size > _SMALL:
            raise UntrustedFileError(f"{name} is refused: {member.filename} is larger than {_SMALL >> 20} MiB")
    if sum(member.file_size for member in members) > MOST:
        raise UntrustedFileError(f"{name} is refused: it would take more than {MOST >> 30} GiB")


def _read(archive: zipfile.ZipFile, member: str, name: str) -> Any:
    try:
        return json.loads(archive.read(member))
    except (ValueError, RecursionError) as error:
        raise UntrustedFileError(f"{name} is refused: {member} cannot be read ({error})") from None


def _bundle(about: Any, labels: Any, spec: Any, name: str) -> Bundle:
    if not isinstance(about, dict) or type(about.get("format")) is not int or about["format"] < 1:
        raise UntrustedFileError(f"{name} is refused: its RUN.json names no format")
    if about["format"] > FORMAT:
        raise UntrustedFileError(
            f"{name} is refused: a later kerascnn wrote it (format {about['format']}); install that one"
        )
    run = about.get("run")
    if not isinstance(run, str) or not RUN_ID.fullmatch(run):
        raise UntrustedFileError(f"{name} is refused: its RUN.json names no run")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise UntrustedFileError(f"{name} is refused: its labels.json is no list of names")
    try:
        found = spec_from_dict(spec)
    except (KerasCnnError, TypeError, AttributeError) as error:
        first = str(error).partition("\n")[0]
        raise UntrustedFileError(f"{name} is refused: its spec is not right here ({first})") from None
    title = about.get("name")
    return Bundle(
        run,
        title if isinstance(title, str) else run,
        found.task.type_name,
        tuple(labels),
        str(about.get("version", "")),
    )
