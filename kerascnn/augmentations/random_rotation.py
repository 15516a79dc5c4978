"""Turn pictures at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from kerascnn.spec import Augmentation, register

if TYPE_CHECKING:
    import numpy as np


@register("random_rotation")
class RandomRotation(Augmentation):
    """Turn each picture about its centre by a random angle, bilinearly.

    Shapes: `(n, h, w, c) -> (n, h, w, c)`, uint8.
    """

    factor: float = Field(0.04, gt=0, le=0.5)
    """Largest angle either way, as a fraction of a full turn: 0.04 is 14.4 degrees."""
    fill: Literal["zeros", "reflect", "edge"] = "zeros"
    """What shows in the corners: black, the picture mirrored, or its outermost pixels."""

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the batch, each picture turned."""
        import numpy as np
        from keras import ops

        n, height, width, _ = images.shape
        angle = rng.uniform(-self.factor, self.factor, size=n) * 2 * np.pi
        cos, sin = np.cos(angle), np.sin(angle)
        y, x = (height - 1) / 2, (width - 1) / 2
        # Output pixel (x, y) shows input pixel (a0 x + a1 y + a2, b0 x + b1 y + b2): a turn about the centre.
        zero = np.zeros(n)
        transforms = np.stack(
            [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, zero, zero], axis=1
        ).astype("float32")
        turned = ops.image.affine_transform(
            images.astype("float32"),
            transforms,
            interpolation="bilinear",
            fill_mode={"zeros": "constant", "reflect": "reflect", "edge": "nearest"}[self.fill],
            data_format="channels_last",
        )
        return np.clip(np.rint(ops.convert_to_numpy(turned)), 0, 255).astype("uint8")
