"""Augment batches: pictures, and what belongs to them.

Targets are mixed as their pictures are; masks and boxes move as their pictures do. A picture is changed in the same way
whatever comes with it: all chance is drawn for the pictures, and the rest follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from kerascnn.errors import UsageError
from kerascnn.spec import Augmentation, Geometric, Mixing
from kerascnn.spec.warp import identity, move_boxes, warp, warp_masks


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes of one picture, and what is in each."""

    places: np.ndarray
    """Left, top, right and bottom in pixels from the upper left corner: float32 `(k, 4)`."""
    labels: np.ndarray
    """Class numbers `(k,)`."""

    def chosen(self, places: np.ndarray, kept: np.ndarray) -> Boxes:
        """Return the boxes that are kept, at new places."""
        return Boxes(places[kept], self.labels[kept])


@dataclass(frozen=True, slots=True)
class Batch:
    """Elements, and what is known of them."""

    images: np.ndarray
    """The elements: uint8 `(n, height, width, channels)` where they are pictures."""
    targets: np.ndarray | None = None
    """What the loss compares the network's answers with: numbers `(n, ...)`."""
    masks: np.ndarray | None = None
    """The class number of every pixel: uint8 `(n, height, width)`."""
    boxes: Sequence[Boxes] | None = None
    """The boxes of each picture."""


def together(augment: Sequence[Augmentation]) -> list[list[Augmentation]]:
    """Return the augmentations in their order, neighbours that are resampled as one in one list.

    Those are geometric ones with the same border; one that never looks beyond the picture goes with any.
    """
    groups: list[list[Augmentation]] = []
    border: str | None = None
    for augmentation in augment:
        own = augmentation.border if isinstance(augmentation, Geometric) else None
        if (
            groups
            and isinstance(augmentation, Geometric)
            and isinstance(groups[-1][0], Geometric)
            and (own is None or border is None or own == border)
        ):
            groups[-1].append(augmentation)
            border = border or own
        else:
            groups.append([augmentation])
            border = own
    return groups


def augmented(batch: Batch, augment: Sequence[Augmentation], rng: np.random.Generator) -> Batch:
    """Return the batch as the augmentations make it, one after the other, each group resampled once.

    Raises UsageError where an augmentation cannot take along what belongs to the pictures.
    """
    for group in together(augment):
        geometric = [augmentation for augmentation in group if isinstance(augmentation, Geometric)]
        if len(geometric) > 1:
            batch = _resampled(batch, geometric, rng)
        elif isinstance(group[0], Mixing):
            batch = _mixed(batch, group[0], rng)
        else:
            batch = _changed(batch, group[0], rng)
    return batch


def _must_carry(batch: Batch, augmentation: Augmentation) -> None:
    for companion, there in (("mask", batch.masks), ("boxes", batch.boxes)):
        if there is not None:
            augmentation.must_carry(companion)


def _resampled(batch: Batch, geometric: Sequence[Geometric], rng: np.random.Generator) -> Batch:
    """Return the batch resampled once by the product of the matrices."""
    n, height, width, _ = batch.images.shape
    matrices = identity(n)
    for augmentation in geometric:
        _must_carry(batch, augmentation)
        matrices = matrices @ augmentation.matrices(n, height, width, rng)
    fill = next((each.border for each in geometric if each.border), "zeros")
    boxes = batch.boxes
    if boxes is not None:
        boxes = [
            some.chosen(*move_boxes(some.places, matrix, height, width))
            for some, matrix in zip(boxes, matrices, strict=True)
        ]
    return replace(
        batch,
        images=warp(batch.images, matrices, fill),
        masks=None if batch.masks is None else warp_masks(batch.masks, matrices, fill),
        boxes=boxes,
    )


def _mixed(batch: Batch, mixing: Mixing, rng: np.random.Generator) -> Batch:
    """Return the batch with pictures and targets mixed."""
    _must_carry(batch, mixing)
    targets, name = batch.targets, mixing.type_name or type(mixing).__qualname__
    if targets is None or targets.ndim != 2:
        got = "none" if targets is None else f"an array of shape {targets.shape}"
        raise UsageError(
            f"augment: '{name}' mixes targets, which takes a row of numbers for each picture, and there is {got}; "
            "remove it from `augment`, or choose a task whose targets are shares of classes"
        )
    images, mixed = mixing.mix(batch.images, targets.astype("float32", copy=False), rng)
    return replace(batch, images=images, targets=mixed)


def _changed(batch: Batch, augmentation: Augmentation, rng: np.random.Generator) -> Batch:
    """Return the batch as one augmentation makes it on its own."""
    if batch.masks is None and batch.boxes is None:
        return replace(batch, images=augmentation.apply(batch.images, rng))
    _must_carry(batch, augmentation)
    if batch.masks is not None:
        # With both, the second call has to draw the same again.
        first = rng if batch.boxes is None else deepcopy(rng)
        images, masks = augmentation.apply_with_masks(batch.images, batch.masks, first)
    else:
        masks = None
    boxes = batch.boxes
    if boxes is not None:
        images, places, kept = augmentation.apply_with_boxes(batch.images, [some.places for some in boxes], rng)
        boxes = [some.chosen(*found) for some, *found in zip(boxes, places, kept, strict=True)]
    return replace(batch, images=images, masks=masks, boxes=boxes)
