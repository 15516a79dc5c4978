"""The temporal convolutional network (Bai et al. 2018, arXiv:1803.01271)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.series import SeriesBackbone
from kerascnn.spec import register


@register("tcn")
class TCN(SeriesBackbone):
    """Blocks of two causal convolutions, twice as far dilated with each level, with a shortcut around each block.

    No step sees what comes later. The paper's weight normalisation is left out, and kernels begin as those of He et al.
    (arXiv:1502.01852). Padding behind a series is left out: the last step is the last one that is there.

    Shapes: `(n, l, c) -> {"P0": (n, l, c), "out": (n, filters)}`; P0 is the series itself, for a `forecaster`.
    """

    filters: int = Field(64, ge=1, le=16_384)
    """Channels of every convolution."""
    levels: int = Field(6, ge=1, le=20)
    """Number of blocks; the convolutions of block i are dilated 2**i times, counted from 0."""
    kernel_size: int = Field(3, ge=2, le=256)
    """Steps that each convolution looks at."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Fraction of the channels set to zero after each convolution while training; 0 for none."""
    output: Literal["last", "mean"] = "last"
    """What becomes of all steps: the last one alone is taken, or the mean of all."""
    window_norm: bool = False
    """Bring each channel of a window to mean 0 and variance 1 inside the network, for forecasts: P0 stays in its own
    units, in which the head answers (Kim et al. 2022, "Reversible Instance Normalization"). A window has no padding:
    its zeros are values."""

    def receptive_field(self) -> int:
        """Return how many steps of a series the last one can see."""
        return 1 + 2 * (self.kernel_size - 1) * (2**self.levels - 1)

    @property
    def sees_last(self) -> bool:
        """Whether all that the network answers stands at the last step, so that it is blind to what that cannot see."""
        return self.output == "last"

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the series, and the last step or the mean of the last block."""
        from keras import layers, ops

        from kerascnn.nn.steps import keep, last_step, mean_over_steps, standardise

        there = ops.ones_like(x[..., 0], dtype="float32") if self.window_norm else self.there(x)
        window = layers.Identity(name="window")(x)
        if self.window_norm:
            x = standardise(x, there)
        for i in range(self.levels):
            x = keep(self._block(x, 2**i, f"block{i + 1}"), there)
        if self.output == "mean":
            return {"P0": window, "out": mean_over_steps(x, there)}
        return {"P0": window, "out": last_step(x, there)}

    def _block(self, x: Any, dilation: int, name: str) -> Any:
        from keras import layers

        y = x
        for i in (1, 2):
            y = layers.Conv1D(
                self.filters,
                self.kernel_size,
                padding="causal",
                dilation_rate=dilation,
                activation="relu",
                kernel_initializer="he_normal",
                name=f"{name}_conv{i}",
            )(y)
            if self.dropout:
                y = layers.SpatialDropout1D(self.dropout, name=f"{name}_dropout{i}")(y)
        if x.shape[-1] != self.filters:
            x = layers.Conv1D(self.filters, 1, name=f"{name}_short")(x)
        return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))
