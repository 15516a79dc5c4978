"""Exports of a run: which formats there are, what they need, what was made, and where it is downloaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from kerascnn.errors import UsageError
from kerascnn.runs.exports import Exported, exports_of
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import Exporter, components
from kerascnn_dashboard.logic.jobs import Job
from kerascnn_dashboard.logic.project import Project
from kerascnn_dashboard.logic.sizes import said

KIND = "export"
FEWER = "quantize"
"""The setting by which an exporter makes a smaller model of it; each of its values is offered by itself."""
_TITLES = {
    "keras": "Keras",
    "saved_model": "TensorFlow SavedModel",
    "onnx": "ONNX",
    "litert": "LiteRT (TensorFlow Lite)",
}
_FEWER = {
    "int8": "8 bits",
    "float16": "weights of 16 bits",
    "dynamic_range": "weights of 8 bits",
}


@dataclass(frozen=True)
class Offer:
    """A format that a model can be exported to."""

    name: str
    """What its folder is called, such as "litert-int8"."""
    title: str
    settings: Mapping[str, Any]
    """As it would stand in a spec."""
    about: str
    """What it is, in a sentence."""
    missing: str
    """What pip has to install first, "" where nothing is missing."""


@dataclass(frozen=True)
class Row:
    """An export that is there, as a table shows it."""

    export: Exported
    title: str
    verdict: str
    difference: str
    size: str
    time: str


def offers() -> dict[str, Offer]:
    """Return every format, and each smaller form of it, by the names of their folders."""
    found = {}
    for name, cls in components("exporter").items():
        for settings in _forms(cls):
            try:
                one: Any = cls.model_validate(settings)
            except ValueError:
                continue  # a plugin's with a setting that has no default: it is for the command line
            folder = one.folder_name
            title = _TITLES.get(name, name)
            if one.variant:
                title = f"{title}, {_FEWER.get(one.variant, one.variant)}"
            about = " ".join((cls.__doc__ or "").split("\n\n")[0].split()).replace("`", "")
            found[folder] = Offer(folder, title, {"type": name, **settings}, about, _missing(one))
    return found


def rows(run: RunFolder) -> list[Row]:
    """Return what a run was exported to."""
    known = offers()
    return [_row(one, known[one.name].title if one.name in known else one.name) for one in exports_of(run)]


def command(run: RunFolder, project: Project, offer: Offer) -> list[str]:
    """Return the command that exports a run, as one types it."""
    settings = [
        part for name, value in offer.settings.items() if name != "type" for part in ("--set", f"{name}={value}")
    ]
    return ["kerascnn", "export", run.id, "--runs", str(project.runs), "--to", str(offer.settings["type"]), *settings]


def job_command(run: RunFolder, project: Project, offer: Offer) -> list[str]:
    """Return what the job does: that command, then a zip. Raises UsageError where something has to be installed."""
    if offer.missing:
        raise UsageError(f"{offer.title} needs more than is installed: pip install {offer.missing}")
    file = zip_file(project, run, offer.name)
    return ["kerascnn_dashboard.exporting", str(run.path), json.dumps(dict(offer.settings)), str(file)]


def last_job(project: Project, run: RunFolder, name: str) -> Job | None:
    """Return the last job that exported this run to this format."""
    return project.jobs.last(KIND, run=run.id, format=name)


def zip_file(project: Project, run: RunFolder, name: str) -> Path:
    """Return where the zip of an export lies."""
    return project.folder / "bundles" / "exports" / f"{run.id}-{name}.zip"


def downloads(project: Project, run: RunFolder, export: Exported) -> dict[str, Path]:
    """Return the files of an export that can be downloaded, by what the links say.

    A zip of it all, where the dashboard made it; else the model itself, where it is one file, and its card.
    """
    packed = zip_file(project, run, export.name)
    try:
        if packed.stat().st_mtime >= export.facts["exported"]:
            return {"Download all (zip)": packed}
    except (OSError, TypeError):
        pass
    files = {
        "Download model": export.folder / str(export.facts.get("file", "")),
        "How to use it": export.folder / "card.json",
    }
    return {name: file for name, file in files.items() if file.is_file() and file.parent == export.folder}


def _forms(cls: Any) -> list[dict[str, Any]]:
    """Return the settings of each form of a format: its own, and each with fewer bits."""
    field = cls.model_fields.get(FEWER)
    if field is None or get_origin(field.annotation) is not Literal:
        return [{}]
    return [{}, *({FEWER: value} for value in get_args(field.annotation) if value != field.default)]


def _missing(exporter: Exporter) -> str:
    needed = [*exporter.packages, *([exporter.backend] if exporter.backend else [])]
    lacking = [name for name in dict.fromkeys(needed) if find_spec(name) is None]
    return (exporter.install or " ".join(lacking)) if lacking else ""


def _row(export: Exported, title: str) -> Row:
    facts = export.facts
    try:
        same, worth, speed = facts["parity"], facts["accuracy"], facts["latency"]
        if worth:
            difference = f"{worth['metric']} {worth['before']:.4f} before, {worth['after']:.4f} after"
        elif same["difference"] is None:
            difference = "-"
        else:
            on = (
                f"{same['samples']} {same['split']} samples" if same["split"] else f"{same['samples']} made-up elements"
            )
            difference = f"{same['difference']:.1e} on {on}"
        verdict = "passed" if export.passed else "failed"
        threads = "1 thread" if speed["threads"] == 1 else f"{speed['threads']} threads"
        time = f"{speed['median_ms']:.2f} ms (95 % within {speed['p95_ms']:.2f} ms, {threads})"
        size = said(facts["bytes"])
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{export.folder} cannot be read: {error}; export it again") from None
    return Row(export, title, verdict if export.current else f"{verdict}, of an earlier model", difference, size, time)
