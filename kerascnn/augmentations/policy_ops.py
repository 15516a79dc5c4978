"""What random policies choose from: RandAugment, TrivialAugment and AugMix share these operations.

They are those of AutoAugment (Cubuk et al. 2018, arXiv:1805.09501, table 6) without cutout, inversion and pairing, with
Pillow's definitions. Neighbouring moves of a picture are multiplied and resampled once; neighbouring changes of single
values make up one table.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kerascnn.spec import Augmentation, Fill

if TYPE_CHECKING:
    import numpy as np

MOVES = ("shear_x", "shear_y", "translate_x", "translate_y", "rotate")
TABLES = ("brightness", "contrast", "posterize", "solarize", "autocontrast", "equalize")
MIXES = ("color", "sharpness")
OPERATIONS = ("identity", *MOVES, *TABLES, *MIXES)
"""The 14 of RandAugment."""
SIGNED = frozenset({*MOVES, "brightness", "contrast", "color", "sharpness"})
"""Those that go either way."""
_LUMA = (0.299, 0.587, 0.114)


class Operation(NamedTuple):
    """One operation and how much of it.

    `amount` is the slope of a shear, a shift as a fraction of the side, a turn as a fraction of a full one, a factor
    (1 changes nothing), the bits that are kept, or the grey level from which on values are inverted.
    """

    name: str
    amount: float


class Policy(Augmentation):
    """An augmentation that chooses operations for each picture."""

    fill: Fill = "zeros"

    @abstractmethod
    def chosen(self, n: int, rng: np.random.Generator) -> list[list[Operation]]:
        """Return the operations for each of n pictures, in their order. All chance comes from `rng`."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture changed by operations of its own."""
        return _changed(images, self.chosen(len(images), rng), self.fill)[0]

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch and its masks, each mask moved as its picture."""
        from kerascnn.spec.warp import warp_masks

        changed, moves = _changed(images, self.chosen(len(images), rng), self.fill)
        masks = masks.copy()
        for pictures, matrices in moves:
            masks[pictures] = warp_masks(masks[pictures], matrices, self.fill)
        return changed, masks

    def apply_with_boxes(
        self, images: np.ndarray, boxes: Sequence[np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the batch, its boxes moved as their pictures, and which of them are still in sight."""
        import numpy as np

        from kerascnn.spec.warp import move_boxes

        changed, moves = _changed(images, self.chosen(len(images), rng), self.fill)
        _, height, width, _ = images.shape
        moved, kept = list(boxes), [np.ones(len(some), bool) for some in boxes]
        for pictures, matrices in moves:
            for i, matrix in zip(pictures.tolist(), matrices, strict=True):
                moved[i], still = move_boxes(moved[i], matrix, height, width)
                kept[i] = kept[i] & still
        return changed, moved, kept


def changed_by(images: np.ndarray, operations: Sequence[Sequence[Operation]], fill: str) -> np.ndarray:
    """Return the batch, each picture changed by its operations in their order.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """
    return _changed(images, operations, fill)[0]


def _changed(
    images: np.ndarray, operations: Sequence[Sequence[Operation]], fill: str
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """Return the changed batch, and what moved: the numbers of pictures with their matrices, one move after another."""
    import numpy as np

    from kerascnn.spec.warp import warp

    _, height, width, _ = images.shape
    changed = images.copy()
    moves = []
    runs = [_runs(some) for some in operations]
    for number in range(max(map(len, runs), default=0)):
        here = [i for i, own in enumerate(runs) if number < len(own)]
        moving = np.array([i for i in here if runs[i][number][0].name in MOVES], dtype=int)
        if len(moving):
            matrices = np.array([_matrix(runs[i][number], height, width) for i in moving])
            changed[moving] = warp(changed[moving], matrices, fill)
            moves.append((moving, matrices))
        for i in here:
            if runs[i][number][0].name not in MOVES:
                changed[i] = _recoloured(changed[i], runs[i][number])
    return changed, moves


def _runs(operations: Sequence[Operation]) -> list[list[Operation]]:
    """Return the operations in their order, neighbours that are one step in one list."""
    doing = [operation for operation in operations if operation.name != "identity"]
    runs = groupby(doing, key=lambda operation: "move" if operation.name in MOVES else operation.name in TABLES)
    # Mixes of pixels stay on their own.
    return [part for kind, run in runs for part in ([list(run)] if kind else [[operation] for operation in run])]


def _matrix(operations: Sequence[Operation], height: int, width: int) -> np.ndarray:
    """Return how output pixels lead to input pixels after these moves."""
    import numpy as np

    from kerascnn.spec.warp import about_centre

    product = np.eye(3)
    for name, amount in operations:
        matrix = np.eye(3)
        if name == "rotate":
            cos, sin = np.cos(2 * np.pi * amount), np.sin(2 * np.pi * amount)
            matrix[:2, :2] = [[cos, -sin], [sin, cos]]
        elif name in ("shear_x", "shear_y"):
            matrix[(0, 1) if name == "shear_x" else (1, 0)] = amount
        else:
            axis, size = (0, width) if name == "translate_x" else (1, height)
            matrix[axis, 2] = -amount * size
        product = product @ about_centre(matrix, height, width)
    return product


def _recoloured(image: np.ndarray, operations: Sequence[Operation]) -> np.ndarray:
    """Return one picture changed by operations on values, or by one that mixes pixels."""
    import numpy as np

    if operations[0].name == "color":
        return _color(image, operations[0].amount)
    if operations[0].name == "sharpness":
        return _sharpness(image, operations[0].amount)
    tables = _tables(image, operations)
    if (tables == tables[0]).all():
        # Looking bytes up in bytes takes a fifth of the time that NumPy takes.
        return np.frombuffer(image.tobytes().translate(tables[0].tobytes()), "uint8").reshape(image.shape)
    planes = [image[..., c].tobytes().translate(table.tobytes()) for c, table in enumerate(tables)]
    return np.stack([np.frombuffer(plane, "uint8").reshape(image.shape[:2]) for plane in planes], axis=-1)


def _tables(image: np.ndarray, operations: Sequence[Operation]) -> np.ndarray:
    """Return what these operations together make of each value in each channel: uint8 `(channels, 256)`."""
    import numpy as np

    channels = image.shape[-1]
    tables = np.tile(np.arange(256), (channels, 1))
    counts = np.zeros((channels, 256))
    if any(operation.name in ("contrast", "autocontrast", "equalize") for operation in operations):
        counts = np.array([np.bincount(image[..., c].ravel(), minlength=256) for c in range(channels)])
    for name, amount in operations:
        if name in ("brightness", "contrast"):
            centre = np.rint(_mean_luma(tables, counts)) if name == "contrast" else 0
            tables = np.clip(np.rint(centre + amount * (tables - centre)), 0, 255).astype(int)
        elif name == "posterize":
            tables = tables & (0xFF00 >> int(amount))
        elif name == "solarize":
            tables = np.where(tables >= amount, 255 - tables, tables)
        else:
            find = _stretched if name == "autocontrast" else _equalized
            tables = np.array(
                [
                    find(np.bincount(table, count, minlength=256).astype(int))[table]
                    for table, count in zip(tables, counts, strict=True)
                ]
            )
    return tables.astype("uint8")


def _mean_luma(tables: np.ndarray, counts: np.ndarray) -> float:
    """Return the mean grey level of a picture with these counts of values after these tables."""
    import numpy as np

    means = (tables * counts).sum(axis=1) / max(counts[0].sum(), 1)
    return float(means @ np.array(_LUMA)) if len(means) == 3 else float(means.mean())


def _stretched(counts: np.ndarray) -> np.ndarray:
    """Return the table that stretches one channel to the whole range, as Pillow rounds it."""
    import numpy as np

    there = np.flatnonzero(counts)
    low, high = there[[0, -1]] if len(there) else (0, 0)
    if low == high:
        return np.arange(256)
    scale = 255 / (high - low)
    return np.clip((np.arange(256) * scale - low * scale).astype(int), 0, 255)


def _equalized(counts: np.ndarray) -> np.ndarray:
    """Return the table that makes the values of one channel about equally frequent, as Pillow rounds it."""
    import numpy as np

    there = np.flatnonzero(counts)
    step = (counts.sum() - counts[there[-1]]) // 255 if len(there) else 0
    if step == 0:
        return np.arange(256)
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.minimum((step // 2 + below) // step, 255)


def _color(image: np.ndarray, factor: float) -> np.ndarray:
    """Return one picture, the distance of its colours from grey scaled; grey pictures stay."""
    import numpy as np

    if image.shape[-1] != 3:
        return image
    matrix = factor * np.eye(3) + (1 - factor) * np.array(_LUMA)
    values = image.reshape(-1, 3).astype("float32") @ matrix.T.astype("float32")
    values += np.float32(0.5)
    return np.clip(values, 0, 255, out=values).astype("uint8").reshape(image.shape)


def _sharpness(image: np.ndarray, factor: float) -> np.ndarray:
    """Return one picture, its distance from the smoothed one scaled, as `random_sharpness` does."""
    import numpy as np

    values = image.astype("uint16")
    rows = values[:-2] + values[1:-1] + values[2:]
    square = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    # Where the smoothed pixel is (square + 4 x) / 13, this is smoothed + factor (x - smoothed).
    sharper = values[1:-1, 1:-1] * np.float32(factor + (1 - factor) * 4 / 13)
    sharper += square * np.float32((1 - factor) / 13)
    sharper += np.float32(0.5)
    changed = image.copy()
    changed[1:-1, 1:-1] = np.clip(sharper, 0, 255, out=sharper)
    return changed
