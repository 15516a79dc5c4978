"""A small network for small pictures that learns in few epochs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, register

_MOMENTUM = 0.9
"""Of the means over batches: it is made for some hundred steps, in which Keras's 0.99 would lag behind."""


@register("fast_cnn")
class FastCNN(Backbone):
    """Eight convolutions, three poolings and two shortcuts, for pictures of 8 x 8 to about 64 x 64.

    The form is that of the ResNet-9 of "How to train your ResNet" (Page 2018): a convolution, then three that double
    the channels and halve height and width, the first and the third of them followed by two more with a shortcut.
    Pooling stands before normalisation, which saves time, as there and in Jordan 2024 (arXiv:2404.00498); their fixed
    first layer of whitened patches is left out. The head is `{type: classifier, pooling: max}`.

    Shapes: `(n, h, w, c) -> {"P1": (n, h/2, w/2, 2 width), "P2": ..., "P3": (n, h/8, w/8, 8 width)}`.
    """

    width: int = Field(32, ge=1, le=1024)
    """Channels of the first convolution. 32 has 1.6 million weights, and 64, as in the original, 6.6 million."""
    activation: Literal["relu", "celu", "gelu", "silu"] = "relu"
    """Function after each convolution: relu at first, celu in the later parts of the original, gelu in Jordan 2024."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the three levels."""
        x = self._convolve(x, self.width, "stem")
        features = {}
        for level in (1, 2, 3):
            x = self._convolve(x, self.width * 2**level, f"level{level}", pool=True)
            if level != 2:
                x = self._residual(x, f"level{level}")
            features[f"P{level}"] = x
        return features

    def _residual(self, x: Any, name: str) -> Any:
        from keras import layers

        y = self._convolve(x, x.shape[-1], f"{name}_residual1")
        y = self._convolve(y, x.shape[-1], f"{name}_residual2")
        return layers.Add(name=f"{name}_add")([x, y])

    def _convolve(self, x: Any, filters: int, name: str, *, pool: bool = False) -> Any:
        from keras import layers

        x = convolve(x, filters, 3, name=f"{name}_conv")
        if pool:
            x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        return activate(normalise(x, f"{name}_norm", momentum=_MOMENTUM), f"{name}_act", self.activation)
