"""The transforms of albumentations 2.0 as an augmentation of kerascnn, written as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ConfigDict, Field

from kerascnn.errors import UsageError
from kerascnn.spec import Augmentation, register
from kerascnn.spec.section import Section

if TYPE_CHECKING:
    import numpy as np


class Transform(Section):
    """One transform: its name in albumentations, its chance, and whatever else it takes, under the library's names."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern="^[A-Za-z][A-Za-z0-9]*$", max_length=100)
    """The name of the class in albumentations, such as CLAHE."""
    p: float = Field(0.5, ge=0, le=1)
    """Chance that a picture is changed by it."""


@register("transforms")
class Transforms(Augmentation):
    """Change each picture by transforms of albumentations, one after another, each with its chance `p`.

    Masks and boxes move with their pictures. Pixels that a transform brings in from outside the picture count for
    nothing in a mask, unless it is given a `fill_mask`. A box is kept where 30 % of it are left, and a pixel each way.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"transforms": [{"name": "CLAHE", "p": 0.5, "clip_limit": 4.0}]},
        {"transforms": [{"name": "Affine", "p": 1.0, "rotate": [-20, 20]}, {"name": "GaussNoise"}]},
    )

    transforms: list[Transform] = Field(min_length=1, max_length=50)
    """The transforms in their order, such as `{name: CLAHE, p: 0.5, clip_limit: 4.0}`. The library checks what it is
    given when the first batch is made."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the changed batch."""
        from kerascnn_albumentations.library import changed

        return changed(self._given(), images, rng)[0]

    def apply_with_masks(
        self, images: np.ndarray, masks: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the changed batch and its masks, moved alike."""
        from kerascnn_albumentations.library import changed

        self.must_carry("mask")
        batch, moved, _ = changed(self._given(), images, rng, masks=masks)
        return batch, moved

    def apply_with_boxes(
        self, images: np.ndarray, boxes: Sequence[np.ndarray], rng: np.random.Generator
    ) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """Return the changed batch and its boxes, moved alike, and which boxes are still in sight."""
        from kerascnn_albumentations.library import changed

        self.must_carry("boxes")
        batch, _, found = changed(self._given(), images, rng, boxes=boxes)
        return batch, [places for places, _ in found], [kept for _, kept in found]

    def must_carry(self, companion: str) -> None:
        """Raise UsageError where a transform cannot take that along: "mask" or "boxes"."""
        super().must_carry(companion)
        if companion == "mask" and any(each.name == "Morphological" for each in self.transforms):
            # It would take the largest and the smallest class number of neighbours.
            raise UsageError("augment: 'Morphological' cannot take masks along with pictures; remove it from `augment`")

    def _given(self) -> list[dict[str, Any]]:
        return [each.model_dump() for each in self.transforms]
