"""One network of InceptionTime (Fawaz et al. 2019, arXiv:1909.04939)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from kerascnn.backbones.series import Kernels, SeriesBackbone, activate, convolve, normalise
from kerascnn.spec import register


@register("inception_time")
class InceptionTime(SeriesBackbone):
    """Modules of convolutions of several lengths side by side, a shortcut around every three, then the mean over steps.

    InceptionTime of the paper is the mean of the answers of five such networks, trained from five seeds: train this
    with `--seeds 5`, which judges them together. Padding behind a series is left out.

    Shapes: `(n, l, c) -> {"P0": (n, l, f), "out": (n, f)}`, f = filters x (kernels + 1), 128 by default.
    """

    filters: int = Field(32, ge=2, le=4096)
    """Channels of each convolution of a module."""
    depth: int = Field(6, ge=1, le=64)
    """Number of modules."""
    kernel_sizes: Kernels = Field([40, 20, 10], min_length=1, max_length=16)
    """Steps that the convolutions of a module span, side by side."""
    bottleneck: int = Field(32, ge=0, le=4096)
    """Channels that a module with more than one channel begins with, by a convolution of size 1; 0 for none."""

    def receptive_field(self) -> int:
        """Return how many neighbouring steps of a series the deepest features can see at once."""
        return 1 + self.depth * (max(*self.kernel_sizes, 3) - 1)

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the maps of the last module and their mean."""
        from keras import layers

        from kerascnn.nn.steps import mean_over_steps

        there = self.there(x)
        short = x
        for i in range(1, self.depth + 1):
            x = self._module(x, there, f"module{i}")
            if i % 3 == 0:
                short = convolve(short, x.shape[-1], 1, name=f"module{i}_short", use_bias=False)
                short = normalise(short, there, f"module{i}_short_norm")
                x = activate(layers.Add(name=f"module{i}_add")([short, x]), there, f"module{i}_out")
                short = x
        return {"P0": x, "out": mean_over_steps(x, there)}

    def _module(self, x: Any, there: Any, name: str) -> Any:
        from keras import layers, ops

        from kerascnn.nn.steps import keep

        y = x
        if self.bottleneck and x.shape[-1] > 1:
            y = convolve(x, self.bottleneck, 1, name=f"{name}_bottleneck", use_bias=False)
        branches = [
            convolve(y, self.filters, size, name=f"{name}_conv{i}", use_bias=False)
            for i, size in enumerate(self.kernel_sizes, 1)
        ]
        # The zeros behind a series are no values; the least one stands in their place, and is never the largest.
        least = ops.min(x, axis=1, keepdims=True)
        pooled = ops.where(ops.greater(ops.expand_dims(there, -1), 0), x, least)
        pooled = layers.MaxPooling1D(3, strides=1, padding="same", name=f"{name}_pool")(pooled)
        branches.append(convolve(keep(pooled, there), self.filters, 1, name=f"{name}_pool_conv", use_bias=False))
        x = normalise(layers.Concatenate(name=f"{name}_concat")(branches), there, f"{name}_norm")
        return activate(x, there, f"{name}_relu")
