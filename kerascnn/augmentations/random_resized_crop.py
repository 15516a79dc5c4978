"""Cut random parts out of pictures and enlarge them to the old size (Szegedy et al. 2014, arXiv:1409.4842)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from kerascnn.augmentations.ranges import ordered
from kerascnn.spec import Geometric, register

if TYPE_CHECKING:
    import numpy as np

Part = Annotated[float, Field(gt=0, le=1)]
Aspect = Annotated[float, Field(ge=0.1, le=10)]


@register("random_resized_crop")
class RandomResizedCrop(Geometric):
    """Cut a random part out of each picture and stretch it to the size of the whole, bilinearly.

    A side that would be longer than the picture is cut to it. Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    scale: Annotated[tuple[Part, Part], Field(strict=False), AfterValidator(ordered)] = (0.3, 1.0)
    """Smallest and largest part, as a fraction of the picture's area; the paper has 0.08 and 1."""
    ratio: Annotated[tuple[Aspect, Aspect], Field(strict=False), AfterValidator(ordered)] = (0.75, 1.3333)
    """Smallest and largest width of the part divided by its height. Drawn evenly in its logarithm."""

    def matrices(self, n: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
        """Return for each picture how output pixels lead to input pixels."""
        import numpy as np

        from kerascnn.spec.warp import identity

        low, high = np.log(self.ratio)
        area = rng.uniform(*self.scale, size=n)
        ratio = np.exp(rng.uniform(low, high, size=n)) * height / width
        left, top = rng.random((2, n))
        across, down = np.minimum(np.sqrt(area * ratio), 1), np.minimum(np.sqrt(area / ratio), 1)
        # Measured between the centres of the outermost pixels, a part never shows what lies outside.
        matrices = identity(n)
        matrices[:, 0, 0], matrices[:, 1, 1] = across, down
        matrices[:, 0, 2] = left * (1 - across) * (width - 1)
        matrices[:, 1, 2] = top * (1 - down) * (height - 1)
        return matrices
