"""AugMix: several chains of operations, blended with the picture (Hendrycks et al. 2019, arXiv:1912.02781)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field

from kerascnn.augmentations.policy_ops import Operation
from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Augmentation, Fill, register

if TYPE_CHECKING:
    import numpy as np

_Depth = Annotated[int, Field(ge=1, le=8)]
_OPERATIONS = (
    "autocontrast",
    "equalize",
    "posterize",
    "rotate",
    "solarize",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)


@register("aug_mix")
class AugMix(Augmentation):
    """Blend each picture with a weighted mean of several copies, each changed by a short chain of random operations.

    The operations are the paper's nine, which are none of the corruptions that it measures robustness by; its loss of
    consistency (Jensen-Shannon) is not part of this. Masks and boxes cannot come along: a thing shows in several places
    at once.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    carries: ClassVar[frozenset[str]] = frozenset()

    width: int = Field(3, ge=1, le=10)
    """Number of chains."""
    depth: Annotated[tuple[_Depth, _Depth], Field(strict=False), AfterValidator(ordered)] = (1, 3)
    """Operations in a chain, [lowest, highest], both included; drawn for each chain."""
    severity: float = Field(3.0, ge=0.1, le=10)
    """Highest strength of the operations; each draws its own evenly from 0.1 on. At 10, a turn is 30 degrees, the slope
    of a shear 0.3, a shift a third of the side; posterize keeps 1 bit, solarize inverts all."""
    alpha: float = Field(1.0, gt=0, le=10)
    """Parameter of the distributions of the shares: Dirichlet among the chains, beta between them and the picture. 1
    draws them evenly."""
    fill: Fill = "zeros"

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture blended with its chains."""
        import numpy as np

        from kerascnn.augmentations.policy_ops import changed_by

        n = len(images)
        shares = rng.dirichlet([self.alpha] * self.width, size=n)
        blend = rng.beta(self.alpha, self.alpha, size=n)
        weights = (shares * blend[:, None]).astype("float32")
        total = images * (1 - blend).astype("float32")[:, None, None, None]
        for k in range(self.width):
            chains = changed_by(images, self._chains(n, rng), self.fill)
            for i, chain in enumerate(chains):
                total[i] += weights[i, k] * chain
        total += np.float32(0.5)
        return np.clip(total, 0, 255, out=total).astype("uint8")

    def _chains(self, n: int, rng: np.random.Generator) -> list[list[Operation]]:
        """Return one chain of operations for each of n pictures."""
        longest = self.depth[1]
        depth = rng.integers(self.depth[0], longest + 1, size=n).tolist()
        which = rng.integers(0, len(_OPERATIONS), size=(n, longest)).tolist()
        levels = (rng.uniform(0.1, self.severity, size=(n, longest)) / 10).tolist()
        minus = (rng.random((n, longest)) < 0.5).tolist()
        return [
            [_operation(_OPERATIONS[which[i][j]], levels[i][j], minus[i][j]) for j in range(depth[i])] for i in range(n)
        ]


def _operation(name: str, level: float, negative: bool) -> Operation:
    """Return an operation of a strength from 0 to 1."""
    if name == "posterize":
        return Operation(name, max(1, 4 - int(4 * level)))
    if name == "solarize":
        return Operation(name, 256 - int(256 * level))
    most = {"rotate": 30 / 360, "shear_x": 0.3, "shear_y": 0.3, "translate_x": 1 / 3, "translate_y": 1 / 3}
    return Operation(name, most.get(name, 0.0) * (-level if negative else level))
