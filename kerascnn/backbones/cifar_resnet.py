"""The residual networks for small pictures (He et al. 2015, section 4.2)."""

from __future__ import annotations

from typing import Any, Literal

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, register


@register("cifar_resnet")
class CifarResNet(Backbone):
    """Three stages of 16, 32 and 64 channels on pictures of about 32 x 32 (He et al. 2015, arXiv:1512.03385).

    With 10 classes they have 0.27, 0.46, 0.66, 0.85 and 1.7 million weights. Sizes that are odd are rounded up.

    Shapes: `(n, h, w, c) -> {"P0": (n, h, w, 16), "P1": (n, h/2, w/2, 32), "P2": (n, h/4, w/4, 64)}`.
    """

    depth: Literal[20, 32, 44, 56, 110] = 20
    """Layers with weights, the last one being that of the head: 2 in each block, as many blocks in each stage."""
    shortcut: Literal["zeros", "convolution"] = "zeros"
    """How a block's input gets the shape of its output where a stage begins: every second row and column, with channels
    of zeros added (the paper's option A, which has no weights), or a 1 x 1 convolution (option B)."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the three stages."""
        x = activate(normalise(convolve(x, 16, 3, name="stem_conv"), "stem_norm"), "stem_relu")
        features = {}
        for stage in range(3):
            for block in range(1, (self.depth - 2) // 6 + 1):
                strides = 2 if stage and block == 1 else 1
                x = self._block(x, 16 * 2**stage, strides, f"stage{stage + 1}_block{block}")
            features[f"P{stage}"] = x
        return features

    def _block(self, x: Any, filters: int, strides: int, name: str) -> Any:
        from keras import layers

        y = convolve(x, filters, 3, strides=strides, name=f"{name}_conv1", symmetric=True)
        y = activate(normalise(y, f"{name}_norm1"), f"{name}_relu1")
        y = normalise(convolve(y, filters, 3, name=f"{name}_conv2"), f"{name}_norm2")
        if strides > 1 and self.shortcut == "convolution":
            x = normalise(convolve(x, filters, 1, strides=strides, name=f"{name}_short"), f"{name}_short_norm")
        elif strides > 1:
            x = layers.MaxPooling2D(1, strides, name=f"{name}_short")(x)
            # With channels_first, Keras takes columns and channels for height and width: it pads the channels.
            margins = ((0, 0), (0, filters - x.shape[-1]))
            x = layers.ZeroPadding2D(margins, data_format="channels_first", name=f"{name}_short_zeros")(x)
        return activate(layers.Add(name=f"{name}_add")([y, x]), f"{name}_out")
