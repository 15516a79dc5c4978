"""Predictions of a trained run, through the same decoder as its training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerascnn.engine.inputs import input_files, read_inputs
from kerascnn.engine.media import Raw, form_of
from kerascnn.engine.media.image import ImageForm
from kerascnn.engine.media.placement import place_picture
from kerascnn.engine.ranges import range_of
from kerascnn.engine.temperature import temperature_of
from kerascnn.engine.tta import checked, mean, say, versions
from kerascnn.errors import UntrustedFileError, UsageError
from kerascnn.evaluation.conformal import members
from kerascnn.runs.digest import digest_of
from kerascnn.runs.folder import RunFolder
from kerascnn.spec import DataInfo, spec_from_dict

CALIBRATION = "calibration.json"
"""What `kerascnn calibrate` found, in the run's folder."""
_BATCH = 256
_NUMBERS = 1 << 24


def at_a_time(shape: Sequence[int]) -> int:
    """Return how many elements of this shape are answered at once: 256, or fewer where they are large."""
    return max(1, min(_BATCH, _NUMBERS // math.prod(shape)))


@dataclass(frozen=True)
class Prediction:
    """What the model says of one element."""

    path: str
    """The file, or the index of an array or a text."""
    label: str
    """The class with the highest probability, or what else the task says in a word."""
    confidence: float | None
    """Its probability, 0 to 1; None where the task gives no probabilities."""
    probabilities: dict[str, float] = field(default_factory=dict)
    """The probability of every class."""
    values: dict[str, float] = field(default_factory=dict)
    """The numbers of a regression."""
    boxes: list[dict[str, Any]] = field(default_factory=list)
    """What a detection found: label, score, and left, top, right and bottom in pixels of the picture itself."""
    unsure: bool | None = None
    """Whether the confidence is below the threshold of `kerascnn calibrate --unsure`; None where the run has none."""
    set: list[str] | None = None
    """The classes that hold the right one as often as `kerascnn calibrate --conformal` asks, the likeliest first."""
    low: dict[str, float] | None = None
    """Where the range of each number begins that holds the true one as often as `--conformal` asks."""
    high: dict[str, float] | None = None
    """Where it ends."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, without those that only a calibrated run has where it is none."""
        return {name: value for name, value in asdict(self).items() if value is not None or name == "confidence"}


class Predictor:
    """A run's model, loaded once: the best one, or that of another file of the run.

    With `tta`, such as "flip,shift,scale", its answers are means over changed versions of each picture: test-time
    augmentation. Raises UsageError for tasks that have none.
    """

    def __init__(self, run: RunFolder, tta: str | Sequence[str] = (), file: str = "model.keras"):
        self.run, self.file = run, file
        facts = run.read("input.json")
        self.shape = tuple(facts["shape"])
        self.form = form_of(facts)
        self.labels: list[str] = run.read("labels.json")
        self.spec = spec_from_dict(run.read("spec.resolved.json"))
        self.task = self.spec.task
        self.tta = checked(tta)
        self.versions = versions(self.task, self.tta, self.shape)
        # A power of two divides what is read at once: a picture is answered beside the same ones, to the same bits,
        # whether it comes from a split or from a file.
        self._many = 1 << (at_a_time(self.shape).bit_length() - 1)

    @property
    def told(self) -> list[str]:
        """What is to be said of answers that are means, [] where they are the model's own."""
        if not self.tta:
            return []
        passes = f"each picture is answered {len(self.versions)} times: {say(self.tta, self.shape)}"
        left_out = "what `kerascnn calibrate` found holds for single answers, and is left out"
        return [passes, *([left_out] if (self.run.path / CALIBRATION).is_file() else [])]

    @cached_property
    def model(self) -> keras.Model:
        """The saved model, without its training. Raises UsageError where the run has none."""
        path = self.run.path / self.file
        if not path.is_file():
            self.run.read(self.file)  # says why there is none
        try:
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except (ValueError, TypeError, OSError, KeyError) as error:
            reason = str(error).split("\n", 1)[0]
            if "keras_hub" in str(error) and find_spec("keras_hub") is None:
                raise UsageError(f"{path} has layers of KerasHub: pip install kerascnn[hub]") from None
            raise UntrustedFileError(f"{path} cannot be loaded as a model of this run: {reason}") from error
        outputs = self.task.outputs(DataInfo(self.shape, tuple(self.labels)))
        if tuple(model.input_shape[1:]) != self.shape or model.output_shape[-1] != outputs:
            raise UntrustedFileError(f"{path} is not the model of this run: its input is {model.input_shape[1:]}")
        return model

    @cached_property
    def calibration(self) -> dict[str, Any] | None:
        """What `kerascnn calibrate` stored; None for a run that was not calibrated, and for means of several answers.

        Raises UsageError where the model is another one than was calibrated.
        """
        if self.tta or not (self.run.path / CALIBRATION).is_file():
            return None
        stored: dict[str, Any] = self.run.read(CALIBRATION)
        if not self._is_of(stored):
            raise UsageError(
                f"run {self.run.id} was trained on after it was calibrated; `kerascnn calibrate {self.run.id}` does it "
                "again, with --off it forgets"
            )
        return stored

    def _is_of(self, stored: dict[str, Any]) -> bool:
        """Return whether the model is the one that was calibrated: by its temperature, or its bytes without one."""
        at = temperature_of(self.model)
        if stored["temperature"] is None:
            return at == 1.0 and bool(digest_of(self.run.path / "model.keras") == stored["model"])
        return math.isclose(at, stored["temperature"], rel_tol=1e-6)

    def answers(self, pictures: np.ndarray) -> np.ndarray:
        """Return the answers for elements in the model's form, such as uint8 `(n, height, width, channels)`."""
        return mean(self._answers, pictures, self.versions)

    def _answers(self, pictures: np.ndarray) -> np.ndarray:
        parts = []
        for start in range(0, len(pictures), self._many):
            batch = pictures[start : start + self._many]
            parts.append(np.asarray(self.model.predict_on_batch(batch), dtype="float32"))
        return np.concatenate(parts) if parts else np.zeros((0, *self.model.output_shape[1:]), dtype="float32")

    def predict(
        self, items: Sequence[Any], names: Sequence[str], seen: Callable[[Raw, np.ndarray], None] | None = None
    ) -> tuple[list[Prediction], list[tuple[str, str]]]:
        """Return predictions for payloads, and the name and reason of each that cannot be read.

        Payloads are files of pictures or sounds (Path), texts, or arrays of pictures or series. `seen` gets what was
        read and the model's own answer, for each prediction in their order.
        """
        predictions: list[Prediction] = []
        bad: list[tuple[str, str]] = []
        # Some at a time, so that any number of files takes no more memory than these.
        for start in range(0, len(items), self._many):
            part = names[start : start + self._many]
            read = self.form.read(items[start : start + self._many])
            good = [(name, raw) for name, raw in zip(part, read, strict=True) if isinstance(raw, Raw)]
            bad += [(name, str(raw)) for name, raw in zip(part, read, strict=True) if isinstance(raw, Exception)]
            if good:
                answers = self.answers(np.stack([raw.array for _, raw in good]))
                predictions += [
                    Prediction(name, **self.task.say(row, self.labels), boxes=self._boxes(row, raw), **self._sure(row))
                    for (name, raw), row in zip(good, answers, strict=True)
                ]
                if seen is not None:
                    for (_, raw), row in zip(good, answers, strict=True):
                        seen(raw, row)
        return predictions, bad

    def _sure(self, answer: np.ndarray) -> dict[str, Any]:
        """Return what the calibration says of an answer: whether it is unsure, and the set of classes or the ranges."""
        stored = self.calibration
        found: dict[str, Any] = {}
        if stored is None:
            return {}
        if stored["temperature"] is None:
            return dict(range_of(self.labels, answer, stored["conformal"]))
        if stored["unsure"] is not None:
            found["unsure"] = bool(self.task.say(answer, self.labels)["confidence"] < stored["unsure"]["threshold"])
        if stored["conformal"] is not None:
            inside = members(answer[None], stored["conformal"]["lowest"])[0]
            found["set"] = [self.labels[i] for i in np.argsort(-answer, kind="stable") if inside[i]]
        return found

    def _boxes(self, answer: np.ndarray, raw: Raw) -> list[dict[str, Any]]:
        """Return the boxes of an answer in pixels of the picture itself, the surest first."""
        if self.task.target != "boxes" or raw.size is None or not isinstance(self.form, ImageForm):
            return []
        rows = self.task.boxes(answer, self.shape[:2])  # type: ignore[attr-defined]
        height, width = raw.size
        places = place_picture(height, width, self.form).back(rows[:, 1:5])
        places = places.clip(0, [width, height, width, height])
        return [
            {
                "label": self.labels[int(row[0])],
                "left": float(place[0]),
                "top": float(place[1]),
                "right": float(place[2]),
                "bottom": float(place[3]),
                "score": float(row[5]),
            }
            for row, place in zip(rows, places, strict=True)
        ]

    def predict_files(
        self, paths: Sequence[str | Path], seen: Callable[[Raw, np.ndarray], None] | None = None
    ) -> tuple[list[Prediction], list[tuple[str, str]], int]:
        """Return predictions for files and for what is in folders, what cannot be read, and the number of files.

        `seen` is as for `predict`. Raises UsageError where nothing is named, DataError where a folder holds nothing of
        the model's medium.
        """
        files = input_files(paths, self.form.medium)
        payloads, kept, bad = read_inputs(files, self.form.medium)
        predictions, worse = self.predict(payloads, [str(file) for file in kept], seen)
        return predictions, [*bad, *worse], len(files)
