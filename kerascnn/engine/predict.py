"""Predictions of a trained run, through the same decoder as its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine.pictures import Form, Picture, PictureError, read_all
from kerascnn.errors import DataError, UntrustedFileError, UsageError
from kerascnn.runs.folder import RunFolder
from kerascnn.sources.files import is_picture

_BATCH = 256


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture."""

    path: str
    """The file, or the index of an array."""
    label: str
    """The class with the highest probability."""
    confidence: float
    """Its probability, 0 to 1."""
    probabilities: dict[str, float]
    """The probability of every class; they sum to 1."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data."""
        return asdict(self)


class Predictor:
    """A run's model, loaded once."""

    def __init__(self, run: RunFolder):
        self.run = run
        facts = run.read("input.json")
        self.shape = tuple(facts["shape"])
        self.form = Form(tuple(facts["size"]) if facts["size"] else None, facts["resize"], facts["channels"])
        self.labels: list[str] = run.read("labels.json")

    @cached_property
    def model(self) -> keras.Model:
        """The saved model, without its training. Raises UsageError where the run has none."""
        path = self.run.path / "model.keras"
        if not path.is_file():
            self.run.read("model.keras")  # says why there is none
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            reason = str(error).split("\n", 1)[0]
            raise UntrustedFileError(f"{path} cannot be loaded as a model of this run: {reason}") from error
        if tuple(model.input_shape[1:]) != self.shape or model.output_shape[-1] != len(self.labels):
            raise UntrustedFileError(f"{path} is not the model of this run: its input is {model.input_shape[1:]}")
        return model

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Return the model's answers for uint8 `(n, height, width, channels)` of its input size."""
        parts = []
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            parts.append(np.asarray(self.model.predict_on_batch(batch), dtype="float32"))
        return np.concatenate(parts) if parts else np.zeros((0, len(self.labels)), dtype="float32")

    def predict(self, items: Sequence[Any], names: Sequence[str]) -> tuple[list[Prediction], list[tuple[str, str]]]:
        """Return predictions for files (Path) or uint8 arrays, and the name and reason of each that cannot be read."""
        read = read_all(items, self.form)
        good = [
            (name, picture.pixels) for name, picture in zip(names, read, strict=True) if isinstance(picture, Picture)
        ]
        bad = [
            (name, str(picture)) for name, picture in zip(names, read, strict=True) if isinstance(picture, PictureError)
        ]
        if not good:
            return [], bad
        answers = self.answers(np.stack([pixels for _, pixels in good]))
        return [self._prediction(name, row) for (name, _), row in zip(good, answers, strict=True)], bad

    def _prediction(self, name: str, row: np.ndarray) -> Prediction:
        best = int(row.argmax())
        probabilities = {label: float(p) for label, p in zip(self.labels, row, strict=True)}
        return Prediction(name, self.labels[best], float(row[best]), probabilities)


def picture_files(paths: Sequence[str | Path]) -> list[Path]:
    """Return the files, and of each folder the pictures in it and below, by their ending.

    Raises UsageError where nothing is named, DataError where a folder holds no picture.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.is_file() and is_picture(file))
            if not found:
                raise DataError(f"{path} holds no picture")
            files += found
        else:
            files.append(path)
    if not files:
        raise UsageError("name at least one picture or folder")
    return files
