"""TrivialAugment: one random operation of random strength (Müller and Hutter 2021, arXiv:2103.10158)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascnn.augmentations.policy_ops import Operation, Policy
from kerascnn.spec import register

if TYPE_CHECKING:
    import numpy as np


@register("trivial_augment")
class TrivialAugment(Policy):
    """Change each picture by one operation drawn evenly from 14, its strength drawn evenly from 31: the wide space.

    The operations are those of `rand_augment`. At their strongest, a turn is 135 degrees, the slope of a shear 0.99, a
    shift a seventh of the side (the paper's 32 pixels of 224), a factor 1 +- 0.99; posterize keeps 2 bits, solarize
    inverts all. There is nothing to tune.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    def chosen(self, n: int, rng: np.random.Generator) -> list[list[Operation]]:
        """Return the one operation for each of n pictures."""
        from kerascnn.augmentations.policy_ops import OPERATIONS, SIGNED

        which = rng.integers(0, len(OPERATIONS), size=n).tolist()
        strength = (rng.integers(0, 31, size=n) / 30).tolist()
        minus = (rng.random(n) < 0.5).tolist()
        drawn = zip([OPERATIONS[k] for k in which], strength, minus, strict=True)
        return [
            [Operation(name, _amount(name, -strength if negative and name in SIGNED else strength))]
            for name, strength, negative in drawn
        ]


def _amount(name: str, strength: float) -> float:
    """Return how much of an operation a strength from -1 to 1 is."""
    if name.startswith("shear"):
        return 0.99 * strength
    if name.startswith("translate"):
        return strength / 7
    if name == "rotate":
        return 135 / 360 * strength
    if name == "posterize":
        return 8 - round(6 * strength)
    return 255 * (1 - strength) if name == "solarize" else 1 + 0.99 * strength
