"""The very deep network for characters."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from kerascnn.spec import Backbone, register

_BLOCKS = {9: (1, 1, 1, 1), 17: (2, 2, 2, 2), 29: (5, 5, 2, 2), 49: (8, 8, 5, 3)}
"""Blocks of two convolutions with 64, 128, 256 and 512 filters."""


@register("vdcnn")
class VDCNN(Backbone):
    """Blocks of two convolutions of width 3, halved three times, then the k largest (Conneau et al., arXiv:1606.01781).

    The head is `{type: classifier, pooling: flatten, hidden: [2048, 2048]}`, on `data: {length: 1024, text: {tokens:
    character}}` and an embedding of 16. Padding is zeros, and after the first normalisation a content like any other,
    as in the paper: fix `data.length`, so that it is the same in every training.

    Shapes: `(n, characters, c) -> {"out": (n, k, 512)}`.
    """

    reads: ClassVar[str] = "text"

    depth: Literal[9, 17, 29, 49] = 9
    """Convolutions, those of shortcuts left out."""
    shortcut: bool = False
    """Add what goes into a block to what comes out of it. In the paper that helps a depth of 49 alone."""
    pooling: Literal["max", "convolution"] = "max"
    """How a text is halved: the largest of three neighbours, or a stride of 2 in the next block's first convolution."""
    k: int = Field(8, ge=1, le=1024)
    """Largest answers of each filter that are kept, in the order of the text (Kalchbrenner et al. 2014,
    arXiv:1404.2188); all, where a text is shorter by then."""

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the largest answers of each filter."""
        x = _convolve(x, 64, 3, 1, "conv", bias=True)
        for level, blocks in enumerate(_BLOCKS[self.depth], 1):
            for i in range(1, blocks + 1):
                strides = 2 if level > 1 and i == 1 else 1
                x = self._block(x, 32 << level, strides, f"block{level}_{i}")
        return {"out": _largest(x, min(self.k, x.shape[1]))}

    def _block(self, x: Any, filters: int, strides: int, name: str) -> Any:
        from keras import layers

        if strides > 1 and self.pooling == "max":
            x = layers.MaxPooling1D(3, 2, padding="same", name=f"{name}_pool")(x)
            strides = 1
        y = layers.Activation("relu", name=f"{name}_relu1")(
            _normalise(_convolve(x, filters, 3, strides, f"{name}_conv1"), f"{name}_norm1")
        )
        y = _normalise(_convolve(y, filters, 3, 1, f"{name}_conv2"), f"{name}_norm2")
        if self.shortcut:
            if x.shape[-1] != filters or strides > 1:
                x = _normalise(_convolve(x, filters, 1, strides, f"{name}_shortcut"), f"{name}_shortcut_norm")
            y = layers.Add(name=f"{name}_add")([x, y])
        return layers.Activation("relu", name=f"{name}_relu2")(y)


def _convolve(x: Any, filters: int, size: int, strides: int, name: str, *, bias: bool = False) -> Any:
    from keras import layers

    return layers.Conv1D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=bias,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _normalise(x: Any, name: str) -> Any:
    from keras import layers

    return layers.BatchNormalization(name=name)(x)


def _largest(x: Any, k: int) -> Any:
    """Return the k largest numbers of each channel in their order: `(n, t, c) -> (n, k, c)`."""
    from keras import ops

    channels = ops.transpose(x, (0, 2, 1))
    where = ops.sort(ops.top_k(channels, k)[1], axis=-1)
    return ops.transpose(ops.take_along_axis(channels, where, axis=-1), (0, 2, 1))
