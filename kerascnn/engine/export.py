"""A trained model in a format that other programs run, with the proof that it answers as before."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from kerascnn.engine.export_card import card_of, versions_of
from kerascnn.engine.export_helper import Helper
from kerascnn.engine.export_judge import accuracy, latency, parity
from kerascnn.engine.export_model import as_float32
from kerascnn.engine.export_samples import compared, representative
from kerascnn.engine.predict import Predictor
from kerascnn.errors import ExportError, KerasCnnError, ResourceError, UsageError
from kerascnn.runs.atomic import write_json
from kerascnn.runs.digest import digest_of
from kerascnn.runs.exports import EXPORT, FOLDER
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Exporter, Exporting
from kerascnn.spec.asked import asked_for

CARD = "card.json"
_BACKEND = "tensorflow"


def export(
    run: RunFolder,
    to: str | Mapping[str, Any] | Exporter,
    *,
    output: str | Path | None = None,
    threads: int = 1,
    predictor: Predictor | None = None,
) -> dict[str, Any]:
    """Write a run's model in a format and return what export.json says; `passed` tells whether it answers as before.

    The folder, `exports/FORMAT` of the run unless it is named, holds the model, card.json with what is needed to use
    it, and export.json: files with their hashes, "parity", "accuracy" (of formats with fewer bits), "latency" and
    "memory". It takes the place of an earlier export when it is whole. Raises UsageError for an unknown format or a
    folder with something else in it, ExportError where the format cannot hold the model.
    """
    exporter = make_exporter(to)
    check_packages(exporter)
    if threads < 1:
        raise UsageError(f"threads should be 1 or more (got {threads})")
    target = Path(output) if output is not None else run.path / FOLDER / exporter.folder_name
    _check_free(target)
    predictor = predictor or Predictor(run)
    target = target.absolute()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as aside:
            made, work = Path(aside) / "made", Path(aside) / "work"
            made.mkdir()
            work.mkdir()
            found = _made(predictor, exporter, made, work, threads)
            write_json(made / EXPORT, found)
            _check_free(target)
            _put(made, target)
    except OSError as error:
        raise ResourceError(f"cannot write {target}: {error.strerror or error}") from error
    return {**found, "folder": str(target)}


def check(found: Mapping[str, Any]) -> None:
    """Raise ExportError where what was written does not answer as it should."""
    if not found["passed"]:
        name = "-".join(part for part in (found["format"], found["variant"]) if part)
        raise ExportError(
            f"{name} does not pass: {found['reason']}; it is kept in {found['folder']}, marked as failed", found
        )


def make_exporter(to: str | Mapping[str, Any] | Exporter) -> Exporter:
    """Return an exporter by its name, or as it would stand in a spec. Raises UsageError."""
    return asked_for(Exporter, to, "the format")  # type: ignore[type-abstract]


def check_packages(exporter: Exporter) -> None:
    """Raise UsageError, with what to install, where a package is missing."""
    missing = [name for name in exporter.packages if find_spec(name) is None]
    if missing:
        install = exporter.install or " ".join(missing)
        raise UsageError(
            f"{exporter.type_name} needs {', '.join(missing)}, which is not installed: pip install {install}"
        )
    if exporter.backend == _BACKEND and find_spec(_BACKEND) is None:
        raise UsageError(
            f"{exporter.type_name} is made by TensorFlow, whatever the model was trained on: pip install tensorflow"
        )


def _made(predictor: Predictor, exporter: Exporter, made: Path, work: Path, threads: int) -> dict[str, Any]:
    """Write model and card into a folder, and return what was found of them."""
    backend = str(keras.backend.backend())
    seen = compared(predictor)
    card, file, said = made / CARD, made / exporter.file, card_of(predictor, exporter)
    write_json(card, said)
    samples = representative(predictor, exporter.representative)
    model = as_float32(predictor.model) if exporter.backend else predictor.model
    if exporter.backend:
        # Apart from this process: converters leave traces in TensorFlow, and some end the process where they fail.
        with Helper(exporter, work, backend=exporter.backend) as helper:
            helper.write(predictor.run.path, card, samples, file)
    else:
        _write(exporter, model, file, Exporting(said, samples))
    if not file.exists():
        raise ExportError(f"{exporter.type_name} wrote no {exporter.file}")
    with Helper(exporter, work, backend=backend, threads=threads) as helper:
        helper.open(file)
        speed = latency(helper, seen)
        same = parity(predictor, model, helper, seen, exporter)
        worth = None if exporter.limit is None else accuracy(predictor, model, helper, exporter)
    reasons = [one["reason"] for one in (worth or same,) if one["reason"]]
    files = _files(made)
    return {
        "format": exporter.type_name,
        "variant": exporter.variant,
        "settings": exporter.spell(),
        "run": predictor.run.id,
        "passed": not reasons,
        "reason": "; ".join(reasons),
        "file": exporter.file,
        "bytes": sum(one["bytes"] for one in files if one["name"] != CARD),
        "files": files,
        "model": digest_of(predictor.run.path / predictor.file),
        "parity": same,
        "accuracy": worth,
        **speed,
        "notes": _notes(predictor, model, exporter, seen.note),
        "versions": versions_of(exporter),
        "exported": time.time(),
    }


def _write(exporter: Exporter, model: keras.Model, file: Path, about: Exporting) -> None:
    """Let an exporter write here, and turn what it raises into a sentence."""
    try:
        exporter.write(model, file, about)
    except (KerasCnnError, OSError):
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0][:300]
        raise ExportError(f"{exporter.type_name}: {type(error).__name__}: {first}") from error


def _notes(predictor: Predictor, model: keras.Model, exporter: Exporter, about_samples: str) -> list[str]:
    """Return what is to be said of an export."""
    found = [about_samples] if about_samples else []
    if predictor.form.medium == "text" and not exporter.strings:
        found.append("it takes the numbers of tokens, not texts; card.json holds the vocabulary and how texts are cut")
    if model is not predictor.model:
        found.append("the run computes in mixed precision; what was exported, and is compared with, is in float32")
    return found


def _files(folder: Path) -> list[dict[str, Any]]:
    files: Sequence[Path] = sorted(file for file in folder.rglob("*") if file.is_file())
    return [
        {"name": file.relative_to(folder).as_posix(), "bytes": file.stat().st_size, "sha256": digest_of(file)}
        for file in files
    ]


def _check_free(target: Path) -> None:
    """Raise UsageError where something is at `target` that is no export."""
    if target.is_dir() and (not any(target.iterdir()) or (target / EXPORT).is_file()):
        return
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already and is no export; name a new folder")


def _put(made: Path, target: Path) -> None:
    """Put a folder in the place of another, which is gone only when the new one is there."""
    old = made.with_name("old")
    if target.exists():
        target.rename(old)
    try:
        made.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise


__all__ = ["CARD", "check", "check_packages", "export", "make_exporter"]
