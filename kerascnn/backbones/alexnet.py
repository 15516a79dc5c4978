"""AlexNet, which began it."""

from __future__ import annotations

from typing import Any, Literal

from kerascnn.backbones.blocks import activate, convolve
from kerascnn.spec import Backbone, register

_FILTERS = {2: (96, 256, 384, 384, 256), 1: (64, 192, 384, 256, 256)}


@register("alexnet")
class AlexNet(Backbone):
    """Five convolutions and three poolings (Krizhevsky et al. 2012), without local response normalisation.

    The head is `{type: classifier, pooling: flatten, hidden: [4096, 4096], dropout: 0.5}` on pictures of 224 x 224.

    Shapes: `(n, h, w, c) -> {"P3": ..., "P4": ..., "P5": ...}`, about an 8th, a 16th and a 32nd of height and width.
    """

    groups: Literal[1, 2] = 2
    """2 keeps half of the channels apart in three convolutions, as on the paper's two GPUs; 1 is the later version of
    one column (Krizhevsky 2014, arXiv:1404.5997), with other widths."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return what each pooling gives."""
        from keras import layers

        one, two, three, four, five = _FILTERS[self.groups]
        x = layers.ZeroPadding2D(2, name="pad1")(x)
        x = activate(convolve(x, one, 11, strides=4, padding="valid", use_bias=True, name="conv1"), "relu1")
        p3 = layers.MaxPooling2D(3, 2, name="pool1")(x)
        x = activate(convolve(p3, two, 5, groups=self.groups, use_bias=True, name="conv2"), "relu2")
        p4 = layers.MaxPooling2D(3, 2, name="pool2")(x)
        x = activate(convolve(p4, three, 3, use_bias=True, name="conv3"), "relu3")
        x = activate(convolve(x, four, 3, groups=self.groups, use_bias=True, name="conv4"), "relu4")
        x = activate(convolve(x, five, 3, groups=self.groups, use_bias=True, name="conv5"), "relu5")
        return {"P3": p3, "P4": p4, "P5": layers.MaxPooling2D(3, 2, name="pool5")(x)}
