"""LITE, a light network for series (Ismail-Fawaz et al. 2023, "LITE: Light Inception with boosTing tEchniques")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from kerascnn.backbones.series import SeriesBackbone, activate, convolve, normalise
from kerascnn.spec import register

if TYPE_CHECKING:
    import numpy as np

_LENGTHS = (2, 4, 8, 16, 32, 64)


@register("lite")
class LITE(SeriesBackbone):
    """Convolutions of three lengths and hand-made filters side by side, then two separable ones, dilated.

    The hand-made filters look for series that rise, fall, or peak, at lengths from 2 to 96 steps; they are part of the
    network, but not learnt. LITETime of the authors is the mean of the answers of five such networks, as InceptionTime
    is (arXiv:2409.02869 describes both). Padding behind a series is left out.

    Shapes: `(n, l, c) -> {"P0": (n, l, filters), "out": (n, filters)}`.
    """

    filters: int = Field(32, ge=2, le=4096)
    """Channels of each convolution."""
    kernel_size: int = Field(40, ge=4, le=4096)
    """Steps that the longest convolution of the first layer spans; the others have a half and a quarter of it."""
    handmade: bool = True
    """Whether there are hand-made filters."""

    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""
        first = max(self.kernel_size, 3 * _LENGTHS[-1] // 2 if self.handmade else 0)
        return first + 2 * (self.kernel_size // 2 - 1) + 4 * (self.kernel_size // 4 - 1)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the last maps and their mean."""
        from keras import layers, ops

        from kerascnn.nn.steps import mean_over_steps

        there = self.there(x)
        branches = [
            convolve(x, self.filters, self.kernel_size // 2**i, name=f"conv1_{i + 1}", use_bias=False) for i in range(3)
        ]
        if self.handmade:
            # No weights, so that nothing can set them free; every filter sees the sum of the channels.
            total = ops.sum(x, axis=-1, keepdims=True)
            found = ops.conv(total, handmade_filters(), padding="same")
            branches.append(ops.relu(found))
        x = normalise(layers.Concatenate(name="concat1")(branches), there, "norm1")
        x = activate(x, there, "relu1")
        for i in (2, 3):
            x = layers.SeparableConv1D(
                self.filters,
                self.kernel_size // 2 ** (i - 1),
                dilation_rate=2 ** (i - 1),
                padding="same",
                use_bias=False,
                name=f"conv{i}",
            )(x)
            x = activate(normalise(x, there, f"norm{i}"), there, f"relu{i}")
        return {"P0": x, "out": mean_over_steps(x, there)}


def handmade_filters() -> np.ndarray:
    """Return the filters `(96, 1, 17)`: six that find rising series, six for falling ones, five for peaks.

    Each stands where padding to the same length would have it, were it convolved with alone.
    """
    import numpy as np

    rows = []
    for rises in (True, False):
        for length in _LENGTHS:
            sign = np.where(np.arange(length) % 2 == 0, -1.0, 1.0)
            rows.append(sign if rises else -sign)
    for length in _LENGTHS[1:]:
        slope = np.linspace(0, 1, length // 4 + 1)[1:] ** 2
        bump = np.concatenate([slope, slope[::-1]])
        rows.append(np.concatenate([-bump, 2 * bump, -bump]))
    longest = max(map(len, rows))
    kernel = np.zeros((longest, 1, len(rows)), "float32")
    for i, row in enumerate(rows):
        start = (longest - 1) // 2 - (len(row) - 1) // 2
        kernel[start : start + len(row), 0, i] = row
    return kernel
