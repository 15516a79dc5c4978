"""VGG: nothing but 3 x 3 convolutions and pooling."""

from __future__ import annotations

from typing import Any, Literal

from kerascnn.backbones.blocks import activate, convolve, normalise
from kerascnn.spec import Backbone, Pretrained, register

_CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


@register("vgg")
class VGG(Backbone):
    """Five blocks of 3 x 3 convolutions, each followed by pooling (Simonyan and Zisserman 2014, arXiv:1409.1556).

    The paper's head is `{type: classifier, pooling: flatten, hidden: [4096, 4096], dropout: 0.5}`.

    Shapes: `(n, h, w, c) -> {"P1": ..., "P5": ...}` at strides 2 to 32.
    """

    depth: Literal[11, 13, 16, 19] = 16
    """Layers with weights, the three of the paper's head among them."""
    batch_norm: bool = False
    """Normalise over the batch between each convolution and its activation; the paper does not."""

    def pretrained(self) -> Pretrained | None:
        """Return Keras's weights of depths 16 and 19."""
        return Pretrained(f"VGG{self.depth}", "caffe") if self.depth >= 16 and not self.batch_norm else None

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the output of each block."""
        from keras import layers

        features = {}
        for block, convolutions in enumerate(_CONVOLUTIONS[self.depth], 1):
            for i in range(1, convolutions + 1):
                name = f"block{block}_conv{i}"
                x = convolve(x, min(64 * 2 ** (block - 1), 512), 3, name=name, use_bias=True)
                if self.batch_norm:
                    x = normalise(x, f"{name}_norm")
                x = activate(x, f"{name}_relu")
            x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
            features[f"P{block}"] = x
        return features
