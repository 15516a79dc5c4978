"""Raw elements by which an exported model is compared, and those that tell an int8 model its ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerascnn.engine.held import HeldSplit
from kerascnn.engine.media import Raw
from kerascnn.engine.predict import Predictor
from kerascnn.errors import DataError, ExportError, UsageError

SAMPLES = 32
"""How many are compared at the most."""


@dataclass(frozen=True)
class Compared:
    """The elements that are compared."""

    elements: np.ndarray
    split: str | None
    """The split that they are of; None: they are made up."""
    note: str = ""
    """Why they are made up."""


def compared(predictor: Predictor) -> Compared:
    """Return up to 32 elements over the whole of the validation split, or of what the run has instead.

    Where the data cannot be read they are made up, with a note that says why.
    """
    split = split_of(predictor)
    if split is None:
        return Compared(_made_up(predictor), None, "the run has no samples; what is compared is made up")
    try:
        return Compared(some_of(predictor, split, SAMPLES), split)
    except DataError as error:
        why = str(error).splitlines()[0]
        return Compared(_made_up(predictor), None, f"what is compared is made up, since the data cannot be read: {why}")


def split_of(predictor: Predictor) -> str | None:
    """Return the split by which a run's exports are judged: validation, else test, else train; None without data."""
    if not (predictor.run.path / "data.manifest.jsonl").is_file():
        return None
    there = {line["split"] for line in predictor.run.manifest()}
    return next((split for split in ("validation", "test", "train") if split in there), None)


def some_of(predictor: Predictor, split: str, most: int) -> np.ndarray:
    """Return at most so many elements, spread evenly over a split. Raises DataError where none can be read."""
    held = HeldSplit(predictor.spec, predictor.run.manifest(), predictor.form, split)
    if not held.samples:
        raise DataError(f"no sample of the {split} split is in the source any more")
    chosen = np.unique(np.linspace(0, len(held.samples) - 1, min(most, len(held.samples))).astype(int))
    read = held.form.read([held.samples[i].payload for i in chosen])
    good = [raw.array for raw in read if isinstance(raw, Raw)]
    if not good:
        raise DataError(f"no sample of the {split} split can be read", [(held.samples[chosen[0]].id, str(read[0]))])
    return np.stack(good).astype(predictor.model.inputs[0].dtype)


def representative(predictor: Predictor, most: int) -> np.ndarray:
    """Return training elements that tell ranges. Raises ExportError where there are none."""
    if not most:
        return np.zeros((0, *predictor.shape), predictor.model.inputs[0].dtype)
    try:
        return some_of(predictor, "train", most)
    except (UsageError, DataError) as error:
        raise ExportError(f"the ranges of int8 come from training samples, which cannot be read: {error}") from error


def whole(predictor: Predictor, split: str) -> Iterator[tuple[np.ndarray, Any]]:
    """Yield all elements of a split with their answers, some hundreds at a time. Raises DataError."""
    held = HeldSplit(predictor.spec, predictor.run.manifest(), predictor.form, split)
    for elements, answers in held.batches():
        yield elements.astype(predictor.model.inputs[0].dtype), predictor.task.truth(answers, elements)


def _made_up(predictor: Predictor) -> np.ndarray:
    """Return elements of chance in the model's form, the same at each call."""
    rng = np.random.default_rng(0)
    shape, dtype = (SAMPLES, *predictor.shape), predictor.model.inputs[0].dtype
    if predictor.form.medium == "image":
        return rng.integers(0, 256, shape).astype(dtype)
    if predictor.form.medium == "text":
        vocabulary = len(getattr(predictor.form, "vocabulary", ())) or 2
        return rng.integers(0, vocabulary, shape).astype(dtype)
    return rng.uniform(-1, 1, shape).astype(dtype)
