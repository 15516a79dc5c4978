"""LeNet-5 (LeCun et al. 1998, "Gradient-based learning applied to document recognition", Proc. IEEE 86(11))."""

from __future__ import annotations

from typing import Any, Literal

from kerascnn.spec import Backbone, register


@register("lenet")
class LeNet(Backbone):
    """Two convolutions with pooling, then two dense layers: C1, S2, C3, S4, C5, F6 of the paper.

    Shapes: `(n, 28, 28, c) -> {"P2": (n, 5, 5, 16), "out": (n, 84)}`; with 10 classes on 28 x 28 x 1 the network has
    61,706 parameters. Any size from 12 x 12 on works (16 x 16 with padding valid). C3 sees all maps of S2, as
    every later implementation has it.
    """

    activation: Literal["tanh", "sigmoid", "relu"] = "tanh"
    """Function after each layer: tanh in the paper, relu today."""
    pooling: Literal["average", "max"] = "average"
    """Pooling of S2 and S4: average in the paper, max today."""
    padding: Literal["same", "valid"] = "same"
    """Padding of C1: same for pictures of 28 x 28, valid for the paper's 32 x 32."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the maps of S4 and the features of F6."""
        from keras import layers

        pool = layers.AveragePooling2D if self.pooling == "average" else layers.MaxPooling2D
        x = layers.Conv2D(6, 5, padding=self.padding, activation=self.activation, name="c1")(x)
        x = pool(2, name="s2")(x)
        x = layers.Conv2D(16, 5, activation=self.activation, name="c3")(x)
        maps = pool(2, name="s4")(x)
        x = layers.Flatten(name="flatten")(maps)
        x = layers.Dense(120, activation=self.activation, name="c5")(x)
        x = layers.Dense(84, activation=self.activation, name="f6")(x)
        return {"P2": maps, "out": x}
