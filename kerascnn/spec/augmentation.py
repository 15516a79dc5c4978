"""Augmentations: random changes to the training data that leave its label true."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import UsageError
from kerascnn.spec.component import Component

if TYPE_CHECKING:
    import numpy as np


class Augmentation(Component):
    """A random change to the training data that leaves its label true. It is never part of a model.

    What belongs to a picture goes with it: a mask of class numbers, or boxes. One that moves pixels about says so by
    deriving from Geometric, or by its own `apply_with_masks` and `apply_with_boxes`.
    """

    kind: ClassVar[str] = "augmentation"
    folder: ClassVar[str] = "kerascnn.augmentations"
    reads: ClassVar[str] = "image"
    """The kind of data that it changes."""
    carries: ClassVar[frozenset[str]] = frozenset({"mask", "boxes"})
    """What stays true of a changed picture, or is moved with it: "mask", "boxes"."""

    @abstractmethod
    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the changed batch, of the same shape and type.

        `images` is uint8 `(n, height, width, channels)` and is not to be written to. All chance comes from `rng`, so
        that the same generator gives the same batch.
        """

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the changed batch, and the masks that belong to it: unchanged, where pixels stay in their places.

        `masks` are class numbers, uint8 `(n, height, width)`; IGNORE stands where a picture shows nothing. The pictures
        are those that `apply` gives. Raises UsageError for one that cannot take masks along.
        """
        self.must_carry("mask")
        return self.apply(images, rng), masks

    def apply_with_boxes(
        self, images: np.ndarray, boxes: Sequence[np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the changed batch, the boxes that belong to it, and which of each picture's boxes are still in it.

        `boxes` are float32 `(k, 4)` for each picture: left, top, right and bottom in pixels from the upper left corner.
        Those out of sight come back as well, with False in the last array `(k,)`. The pictures are those that `apply`
        gives. Raises UsageError for one that cannot take boxes along.
        """
        import numpy as np

        self.must_carry("boxes")
        return self.apply(images, rng), list(boxes), [np.ones(len(some), bool) for some in boxes]

    def must_carry(self, companion: str) -> None:
        """Raise UsageError where this augmentation cannot take that along: "mask" or "boxes"."""
        if companion not in self.carries:
            name = self.type_name or type(self).__qualname__
            raise UsageError(
                f"augment: '{name}' cannot take {_COMPANIONS.get(companion, companion)} along with pictures; "
                "remove it from `augment`"
            )


_COMPANIONS = {"mask": "masks"}

IGNORE = 255
"""The class number of a mask's pixel that counts for nothing."""

Fill = Annotated[
    Literal["zeros", "reflect", "edge"],
    Field(
        description="What shows where the picture does not reach: black, the picture mirrored about its outermost "
        "pixels, or those pixels drawn out."
    ),
]
"""The field `fill` of a geometric augmentation: `fill: Fill = "zeros"`."""


class Geometric(Augmentation):
    """An augmentation that moves pixels about and leaves their colours alone.

    It says which place of the input each pixel of the output shows. Training multiplies the matrices of neighbours with
    the same fill and resamples once, straight from the picture: what one of them moves out of sight, the next may bring
    back.
    """

    @property
    def border(self) -> str | None:
        """What shows where the picture does not reach: the field `fill`; None for one that never looks there."""
        return getattr(self, "fill", None)

    @abstractmethod
    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return a matrix `(n, 3, 3)` for each of n pictures of this size in pixels, float64.

        Output pixel (x, y) shows the input at (u / w, v / w), with (u, v, w) = matrix (x, y, 1). x counts columns, y
        counts rows, and the centre of the first pixel is (0, 0). All chance comes from `rng`.
        """

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture resampled by its matrix."""
        from kerascnn.spec.warp import warp

        n, height, width, _ = images.shape
        return warp(images, self.matrices(n, height, width, rng), self.border or "zeros")

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the batch and its masks, both resampled by the same matrices."""
        from kerascnn.spec.warp import warp, warp_masks

        n, height, width, _ = images.shape
        self.must_carry("mask")
        matrices = self.matrices(n, height, width, rng)
        fill = self.border or "zeros"
        return warp(images, matrices, fill), warp_masks(masks, matrices, fill)

    def apply_with_boxes(
        self, images: np.ndarray, boxes: Sequence[np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the batch and its boxes, both moved by the same matrices, and which boxes are still in sight."""
        from kerascnn.spec.warp import move_boxes, warp

        n, height, width, _ = images.shape
        self.must_carry("boxes")
        matrices = self.matrices(n, height, width, rng)
        moved = [move_boxes(some, matrix, height, width) for some, matrix in zip(boxes, matrices, strict=True)]
        return warp(images, matrices, self.border or "zeros"), [some for some, _ in moved], [kept for _, kept in moved]


class Mixing(Augmentation):
    """An augmentation that mixes samples of a batch with one another, and their targets with them."""

    carries: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def mix(self, images: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the mixed batch and its targets, which are float32 `(n, classes)`. All chance comes from `rng`.

        Neither array is to be written to, and the targets have no say in how the pictures are mixed.
        """

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the mixed batch alone."""
        import numpy as np

        return self.mix(images, np.zeros((len(images), 1), "float32"), rng)[0]
