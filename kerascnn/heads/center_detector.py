"""A head that finds things as points (Zhou et al. 2019, arXiv:1904.07850)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import BuildError
from kerascnn.spec import Head, register
from kerascnn.spec.trace import current_path

_PRIOR = -2.19
"""What makes a probability of 0.1 of nothing, so that training does not begin with things everywhere."""
_MOMENTUM = 0.9
"""Of the running means: detectors train in small batches on few pictures, and Keras's 0.99 takes hundreds of steps."""
_LARGEST = 10.0
"""Of a size's logarithm, in cells."""


@register("center_detector")
class CenterDetector(Head):
    """Say of each cell of a grid what has its centre there, where exactly, and how large it is.

    The levels of the backbone are joined from the deepest to the finest, as in a feature pyramid (Lin et al. 2016,
    arXiv:1612.03144). Shapes: `{"P2": (n, h/4, w/4, c), ..., "P5": ...} -> (n, h/4, w/4, classes + 4)`, float32: the
    probability of each class; the offset of the box's centre from the cell's, right and down; and its width and
    height, all in cells.
    """

    output: ClassVar[str] = "boxes"

    stride: Literal[4, 8] = 4
    """Pixels of the backbone's input to a cell, each way: 4 for small things, 8 for less work. The backbone has to give
    this level (P2 for 4, P3 for 8)."""
    filters: int = Field(64, gt=0, le=65_536)
    """Channels of the joined levels."""

    def apply(self, features: Mapping[str, Any], outputs: int) -> Any:
        """Return the grid. Raises BuildError where the backbone gives no level of this stride."""
        from keras import initializers, layers, ops

        if outputs < 5:
            raise BuildError(
                f"a detector gives 4 numbers for a box and one for each class (got outputs={outputs})", current_path()
            )
        x = self._joined(features)
        heat = layers.Conv2D(self.filters, 3, padding="same", activation="relu", name="centers_conv")(x)
        heat = layers.Conv2D(
            outputs - 4, 1, bias_initializer=initializers.Constant(_PRIOR), dtype="float32", name="centers"
        )(heat)
        heat = layers.Activation("sigmoid", dtype="float32", name="probabilities")(heat)
        boxes = layers.Conv2D(self.filters, 3, padding="same", activation="relu", name="boxes_conv")(x)
        offset = layers.Conv2D(2, 1, dtype="float32", name="offset")(boxes)
        size = layers.Conv2D(2, 1, dtype="float32", name="size")(boxes)
        size = ops.exp(ops.minimum(size, _LARGEST))
        return layers.Concatenate(dtype="float32", name="boxes")([heat, offset, size])

    def _joined(self, features: Mapping[str, Any]) -> Any:
        """Return the levels as one, at the stride."""
        from keras import layers

        finest = self.stride.bit_length() - 1
        levels = {int(name[1:]): y for name, y in features.items() if name[1:].isdecimal() and len(y.shape) == 4}
        if finest not in levels:
            raise BuildError(
                f"stride {self.stride} needs the level P{finest}, and the backbone gives {', '.join(features)}; use "
                "another stride, or a backbone that gives this level, such as simple_cnn",
                current_path(),
            )
        x = None
        for level in range(max(levels), finest - 1, -1):
            if level not in levels:
                raise BuildError(
                    f"the levels have to follow one another, and the backbone gives {', '.join(features)}",
                    current_path(),
                )
            side = layers.Conv2D(self.filters, 1, use_bias=False, name=f"lateral{level}")(levels[level])
            side = layers.BatchNormalization(momentum=_MOMENTUM, name=f"lateral{level}_norm")(side)
            x = side if x is None else layers.Add(name=f"join{level}")([side, _twice(x, side, level)])
        x = layers.Activation("relu", name="join_act")(x)
        x = layers.Conv2D(self.filters, 3, padding="same", use_bias=False, name="smooth")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name="smooth_norm")(x)
        return layers.Activation("relu", name="smooth_act")(x)


def _twice(x: Any, like: Any, level: int) -> Any:
    """Return a level at twice its size, cut or filled at the right and the bottom to the next one's.

    Halving 15 cells gives 8 where convolutions pad and 7 where they do not; both begin at the upper left.
    """
    from keras import layers

    x = layers.UpSampling2D(2, name=f"up{level}")(x)
    more = [want - have for want, have in zip(like.shape[1:3], x.shape[1:3], strict=True)]
    if min(more) < 0:
        x = layers.Cropping2D([(0, max(0, -one)) for one in more], name=f"cut{level}")(x)
    if max(more) > 0:
        x = layers.ZeroPadding2D([(0, max(0, one)) for one in more], name=f"fill{level}")(x)
    return x
