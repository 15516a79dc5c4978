"""A grid of training pictures before and after augmentation."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from kerascnn.engine.data import Dataset
from kerascnn.engine.stream import Stream
from kerascnn.errors import UsageError
from kerascnn.runs.atomic import write_bytes
from kerascnn.spec import Spec

_GAP = 4
_SIDE = 192


def preview(spec: Spec, data: Dataset, samples: int, variants: int) -> np.ndarray:
    """Return uint8 `(height, width, 3)`: a row for each picture, as the model gets it and then augmented.

    The versions are what the stream of training batches makes of the pictures, in steps of their own. Augmentations
    that mix pictures mix those that are shown.
    """
    train = data.indices("train")
    chosen = train[np.linspace(0, len(train) - 1, min(samples, len(train))).astype(int)]
    stream = Stream(
        data.elements.take,
        chosen,
        lambda indices: np.zeros((len(indices), max(2, len(data.info.labels))), "float32"),
        batch_size=len(chosen),
        seed=spec.train.seed,
        augment=spec.augment,
    )
    columns = [data.elements.take(chosen)]
    for step in range(variants):
        images, _ = stream.batch(step)
        # A batch of all pictures is one pass in an order of its own.
        columns.append(images[np.argsort(stream.positions(step))])
    cells = [[_cell(column[row]) for column in columns] for row in range(len(chosen))]
    height, width = (max(cell.shape[axis] for row in cells for cell in row) + _GAP for axis in (0, 1))
    grid = np.full((len(cells) * height + _GAP, len(cells[0]) * width + _GAP, 3), 255, "uint8")
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            top, left = y * height + _GAP, x * width + _GAP
            grid[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return grid


def write_preview(path: Path, spec: Spec, data: Dataset, samples: int, variants: int) -> None:
    """Write the grid as PNG. Raises UsageError for data that is no pictures, ResourceError."""
    if spec.data.source.gives != "image":
        raise UsageError(f"a preview shows pictures; this spec is about {spec.data.source.gives} data")
    buffer = io.BytesIO()
    Image.fromarray(preview(spec, data, samples, variants)).save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def _cell(picture: np.ndarray) -> np.ndarray:
    """Return a picture in RGB, its longer side at most 192 pixels; of many channels the first three."""
    channels = picture.shape[-1]
    shown = picture[..., :3] if channels >= 3 else picture[..., :1].repeat(3, -1)
    image = Image.fromarray(np.ascontiguousarray(shown))
    image.thumbnail((_SIDE, _SIDE))
    return np.asarray(image)
