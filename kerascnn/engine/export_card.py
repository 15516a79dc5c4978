"""The card of an exported model: what is needed to use it without kerascnn, as plain data."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from kerascnn.engine.predict import CALIBRATION, Predictor
from kerascnn.engine.temperature import temperature_of
from kerascnn.runs.digest import digest_of
from kerascnn.spec import Exporter

FORMAT = 1
_TAKES = {
    "image": "Pictures as they are stored, (batch, height, width, channels), 0 to 255, brought to this size as "
    "`resize` says (letterbox: inside it with black margins). Scaling is inside the model.",
    "text": "Numbers of tokens, (batch, length), not texts: cut a text into `tokens` (in small letters where `lower` "
    "is true) and give each its place in `vocabulary`, 1 where it is not there; fill up to `length` with 0.",
    "series": "Series, (batch, steps, channels), with NaN where something is missing. Scaling is inside the model.",
    "audio": "Sounds, (batch, samples, channels), -1 to 1 at this sample rate. Scaling is inside the model.",
}
_STRINGS = " The signature `texts` takes texts as strings in UTF-8, (batch,), and does that itself."
_GIVES = {
    "classes": "The probability of each class, in the order of `labels`.",
    "each_class": "The probability of each class by itself, in the order of `labels`.",
    "mask": "The probability of each class for each pixel, in the order of `labels`.",
    "values": "The numbers, in the order of `labels`.",
}


def card_of(predictor: Predictor, exporter: Exporter) -> dict[str, Any]:
    """Return the card of a run's model in this format."""
    run, model, medium = predictor.run, predictor.model, predictor.form.medium
    about = run.about()
    output = getattr(predictor.task, "output", "")
    data = run.read("data.json") if (run.path / "data.json").is_file() else {}
    return {
        "kerascnn_export": FORMAT,
        "format": exporter.spell(),
        "run": run.id,
        "name": about.get("name", ""),
        "task": predictor.task.type_name,
        "labels": list(predictor.labels),
        "input": {
            **predictor.form.spell(),
            "name": model.inputs[0].name,
            "shape": list(predictor.shape),
            "dtype": str(model.inputs[0].dtype),
            "meaning": _TAKES[medium] + (_STRINGS if medium == "text" and exporter.strings else ""),
        },
        "output": {
            "shape": list(model.output_shape[1:]),
            "dtype": "float32",
            "meaning": _GIVES.get(output, f"What the task {predictor.task.type_name} says of an element."),
        },
        "calibration": _calibration(predictor),
        "hashes": {
            "model.keras": digest_of(run.path / predictor.file),
            "spec.resolved.json": digest_of(run.path / "spec.resolved.json"),
            "data": data.get("fingerprint"),
        },
        "versions": {**about.get("environment", {}).get("versions", {}), **versions_of(exporter)},
    }


def versions_of(exporter: Exporter) -> dict[str, str]:
    """Return the versions of Python and of the packages that the format needs, as far as they are there."""
    found = {"python": platform.python_version()}
    names = packages_distributions()
    for package in exporter.packages:
        for name in dict.fromkeys(names.get(package, [])):
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    return found


def _calibration(predictor: Predictor) -> dict[str, Any]:
    """Return the temperature, which is inside the model, and what only who uses it can do: the threshold, the sets."""
    stored = (predictor.calibration or {}) if (predictor.run.path / CALIBRATION).is_file() else {}
    unsure = stored.get("unsure") or {}
    return {
        "temperature": temperature_of(predictor.model),
        "temperature_is_inside": True,
        "unsure_below": unsure.get("threshold"),
        "conformal": stored.get("conformal"),
    }
