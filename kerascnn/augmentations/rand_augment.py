"""RandAugment: random operations of one strength (Cubuk et al. 2019, arXiv:1909.13719)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kerascnn.augmentations.policy_ops import Operation, Policy
from kerascnn.spec import register

if TYPE_CHECKING:
    import numpy as np


@register("rand_augment")
class RandAugment(Policy):
    """Change each picture by operations drawn evenly from 14, all of the same strength, one after another.

    The operations are identity, autocontrast, equalize, rotate, solarize, color, posterize, contrast, brightness,
    sharpness, and shear and translate along x and y. Those with two directions draw one. At magnitude 30, a turn is 30
    degrees, the slope of a shear 0.3, a shift 0.45 of the side, a factor 1 +- 0.9; posterize keeps 4 bits, solarize
    inverts all.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    num_ops: int = Field(2, ge=1, le=8)
    """Operations for each picture; the paper's N."""
    magnitude: float = Field(9.0, ge=0, le=30)
    """Strength of all operations, from 0 to 30; the paper's M."""

    def chosen(self, n: int, rng: np.random.Generator) -> list[list[Operation]]:
        """Return the operations for each of n pictures, in their order."""
        from kerascnn.augmentations.policy_ops import OPERATIONS, SIGNED

        which = rng.integers(0, len(OPERATIONS), size=(n, self.num_ops)).tolist()
        minus = (rng.random((n, self.num_ops)) < 0.5).tolist()
        strength = self.magnitude / 30

        def operation(name: str, negative: bool) -> Operation:
            return Operation(name, _amount(name, -strength if negative and name in SIGNED else strength))

        return [
            [operation(OPERATIONS[k], negative) for k, negative in zip(*own, strict=True)]
            for own in zip(which, minus, strict=True)
        ]


def _amount(name: str, strength: float) -> float:
    """Return how much of an operation a strength from -1 to 1 is."""
    if name.startswith("shear"):
        return 0.3 * strength
    if name.startswith("translate"):
        return 150 / 331 * strength
    if name == "rotate":
        return 30 / 360 * strength
    if name == "posterize":
        return 8 - round(4 * strength)
    return 255 * (1 - strength) if name == "solarize" else 1 + 0.9 * strength
