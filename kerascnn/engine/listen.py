"""A model that stays loaded: a question a line in, an answer a line out, until there are no more."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerascnn.engine.media import Raw
from kerascnn.engine.overlays import draw_boxes, tint
from kerascnn.engine.predict import Predictor
from kerascnn.errors import KerasCnnError, ResourceError, UsageError

MAX_LINE = 16 << 20
"""Bytes of a question at the most."""


def listen(predictor: Predictor, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield a word that the model is ready, then the answer to each line; empty lines are passed over.

    A question is `{"paths": [...]}`; with `"overlays": DIR` the masks and boxes that are found are drawn on the
    pictures as the model takes them, and DIR/0.png, DIR/1.png, ... lie there for the predictions in their order. An
    answer is `{"predictions": [...], "errors": [{"path": ..., "reason": ...}]}`, or `{"error": ..., "exit_code": ...}`.
    """
    warm(predictor)
    stored = predictor.calibration
    yield {
        "ready": True,
        "run": predictor.run.id,
        "task": predictor.task.type_name,
        "reads": predictor.form.medium,
        "labels": predictor.labels,
        "calibrated": stored is not None,
    }
    for line in lines:
        if not line.strip():
            continue
        try:
            yield _answer(predictor, line)
        except KerasCnnError as error:
            yield {"error": str(error), "exit_code": error.exit_code}


def warm(predictor: Predictor) -> None:
    """Let the model answer for elements of nothing, so that the first question waits for no compiler."""
    for many in (1, 2):
        predictor.answers(np.zeros((many, *predictor.shape), predictor.model.inputs[0].dtype))


def _answer(predictor: Predictor, line: bytes) -> dict[str, Any]:
    paths, overlays = _question(line)
    drawn = 0

    def draw(raw: Raw, answer: np.ndarray) -> None:
        nonlocal drawn
        if overlays is not None:
            _draw(overlays / f"{drawn}.png", predictor, raw, answer)
        drawn += 1

    predictions, bad, _ = predictor.predict_files(paths, seen=draw)
    return {
        "predictions": [prediction.as_dict() for prediction in predictions],
        "errors": [{"path": path, "reason": reason} for path, reason in bad],
    }


def _question(line: bytes) -> tuple[list[str], Path | None]:
    """Return what a line asks for. Raises UsageError."""
    if len(line) > MAX_LINE:
        raise UsageError(f"a question has more than {MAX_LINE} bytes; ask for fewer files at once, or for their folder")
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"a question is one JSON document on one line: {error}") from None
    if not isinstance(asked, dict):
        raise UsageError('a question is {"paths": [...]}')
    odd = sorted(set(asked) - {"paths", "overlays"})
    if odd:
        raise UsageError(f"nothing is named '{odd[0]}' in a question; there are paths and overlays")
    paths, overlays = asked.get("paths"), asked.get("overlays")
    if not isinstance(paths, list) or not paths or not all(isinstance(path, str) and path for path in paths):
        raise UsageError("paths should be a list of the names of files or folders, one at the least")
    if overlays is not None and not (isinstance(overlays, str) and Path(overlays).is_dir()):
        raise UsageError(f"overlays should be a folder that is there (got {overlays!r})")
    if any("\0" in path for path in paths):
        raise UsageError("a path holds the character U+0000")
    return paths, None if overlays is None else Path(overlays)


def _draw(file: Path, predictor: Predictor, raw: Raw, answer: np.ndarray) -> None:
    """Write a picture with what was found in it; nothing for tasks whose answers have no places."""
    kind = predictor.task.target
    if kind not in ("mask", "boxes"):
        return
    pixels = raw.array[..., :3] if raw.array.shape[-1] >= 3 else raw.array[..., :1].repeat(3, -1)
    if kind == "mask":
        drawn = tint(pixels, answer.argmax(-1).astype("uint8"))
    else:
        rows = predictor.task.boxes(answer, predictor.shape[:2])  # type: ignore[attr-defined]
        drawn = draw_boxes(pixels, rows[:, :5], predictor.labels)
    try:
        Image.fromarray(drawn).save(file)
    except OSError as error:
        raise ResourceError(f"cannot write {file}: {error.strerror or error}") from error
