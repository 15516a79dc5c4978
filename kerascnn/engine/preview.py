"""A grid of training pictures before and after augmentation."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerascnn.engine.data import Dataset
from kerascnn.engine.overlays import classes_of, draw_boxes, legend_picture, tint
from kerascnn.engine.stream import Stream
from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_bytes
from kerascnn.spec import Spec

_GAP = 4
_SIDE = 192


def preview(spec: Spec, data: Dataset, samples: int, variants: int) -> np.ndarray:
    """Return uint8 `(height, width, 3)`: a row for each picture, as the model gets it and then augmented.

    The versions are what the stream of training batches makes of the pictures, in steps of their own. Augmentations
    that mix pictures mix those that are shown. Masks and boxes are drawn on them, with a legend below.
    """
    train = data.indices("train")
    chosen = train[np.linspace(0, len(train) - 1, min(samples, len(train))).astype(int)]
    kind = data.answers.kind if data.answers.kind in ("mask", "boxes") else "class"
    stream = Stream(
        data.elements.take,
        chosen,
        data.answers.of if kind != "class" else lambda i: np.zeros((len(i), max(2, len(data.info.labels))), "float32"),
        _as_they_are,
        kind=kind,
        batch_size=len(chosen),
        seed=spec.train.seed,
        augment=spec.augment,
    )
    columns = [(data.elements.take(chosen), stream.answers(chosen))]
    for step in range(variants):
        images, answers = stream.batch(step)
        # A batch of all pictures is one pass in an order of its own.
        order = np.argsort(stream.positions(step))
        columns.append((images[order], [answers[i] for i in order]))
    labels = data.info.labels
    cells = [
        [_cell(images[row], answers[row], kind, labels) for images, answers in columns] for row in range(len(chosen))
    ]
    height, width = (max(cell.shape[axis] for row in cells for cell in row) + _GAP for axis in (0, 1))
    grid = np.full((len(cells) * height + _GAP, len(cells[0]) * width + _GAP, 3), 255, "uint8")
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            top, left = y * height + _GAP, x * width + _GAP
            grid[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    if kind == "class":
        return grid
    shown = set().union(*(classes_of(answer, kind) for _, answers in columns for answer in answers))
    return np.concatenate([grid, legend_picture(shown, labels, grid.shape[1])])


def _as_they_are(answers: Any) -> Any:
    return answers


def write_preview(path: Path, spec: Spec, data: Dataset, samples: int, variants: int) -> None:
    """Write the grid as PNG. Raises UsageError for data that is no pictures, ResourceError."""
    if spec.data.source.gives != "image":
        raise UsageError(f"a preview shows pictures; this spec is about {spec.data.source.gives} data")
    buffer = io.BytesIO()
    Image.fromarray(preview(spec, data, samples, variants)).save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def _cell(picture: np.ndarray, answer: np.ndarray, kind: str, labels: Sequence[str]) -> np.ndarray:
    """Return a picture in RGB, its longer side at most 192 pixels; of many channels the first three.

    Its mask or its boxes are drawn on it.
    """
    channels = picture.shape[-1]
    shown = picture[..., :3] if channels >= 3 else picture[..., :1].repeat(3, -1)
    image = Image.fromarray(np.ascontiguousarray(shown))
    image.thumbnail((_SIDE, _SIDE))
    if kind == "mask":
        return tint(np.asarray(image), answer)
    if kind == "boxes":
        scale = np.array([1, *(image.width / picture.shape[1], image.height / picture.shape[0]) * 2])
        return draw_boxes(np.asarray(image), answer * scale, labels)
    return np.asarray(image)
