"""The Swin transformer: attention within windows, which move by half their size from block to block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerascnn.backbones.attention import attend, layer_norm, offsets, rising, skip_at, whole_numbers, widen
from kerascnn.spec import Backbone, register

_SIZES = {
    "tiny": (96, (2, 2, 6, 2)),
    "small": (96, (2, 2, 18, 2)),
    "base": (128, (2, 2, 18, 2)),
    "large": (192, (2, 2, 18, 2)),
}


@register("swin")
class Swin(Backbone):
    """Four stages of attention within windows, of halving size (Liu et al. 2021, arXiv:2103.14030).

    Maps that windows do not tile are filled up at the right and the bottom, and no place looks at what was filled in.
    Weights fit pictures of every size.

    Shapes: `(n, h, w, c) -> {"P2": ..., "P5": ...}` at strides 4 to 32, sizes rounded up.
    """

    size: Literal["tiny", "small", "base", "large"] = "tiny"
    """The paper's size: channels and blocks of the stages."""
    channels: int | None = Field(None, ge=1, le=4096)
    """Channels of the first stage, which double with each; left out: those of the size."""
    blocks: list[Annotated[int, Field(ge=1, le=64)]] | None = Field(None, min_length=4, max_length=4)
    """Blocks of the four stages; left out: those of the size."""
    window: int = Field(7, ge=2, le=32)
    """Height and width of a window, in places of a map."""
    head_width: int = Field(32, ge=1, le=512)
    """Channels of each head of attention, a divisor of those of the first stage."""
    stochastic_depth: float = Field(0.0, ge=0, lt=1)
    """Chance at which training leaves the last block out of a sample, rising evenly from 0 at the first
    (arXiv:1603.09382); the paper has 0.2 for tiny, 0.3 for small and 0.5 for base."""

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        channels = self.channels or _SIZES[self.size][0]
        if channels % self.head_width:
            raise PydanticCustomError(
                "swin",
                "has {channels} channels in the first stage, which do not divide into heads of {width}; change "
                "channels or head_width",
                {"channels": channels, "width": self.head_width},
            )
        return self

    def apply(self, x: Any) -> dict[str, Any]:
        """Return the four stages, the last one normalised."""
        from keras import layers

        channels = self.channels or _SIZES[self.size][0]
        counts = self.blocks or _SIZES[self.size][1]
        rates = iter(rising(sum(counts), self.stochastic_depth))
        x = layers.Conv2D(channels, 4, strides=4, name="patches")(filled(x, (4, 4), "patches_fill"))
        x = layer_norm(x, "patches_norm")
        features = {}
        for stage, count in enumerate(counts):
            if stage:
                x = _merged(x, f"stage{stage + 1}_merge")
            still, moved = (Tiling.of(x, self.window, shifted=shifted) for shifted in (False, True))
            for block in range(count):
                tiling = moved if block % 2 else still
                x = self._block(x, tiling, next(rates), f"stage{stage + 1}_block{block + 1}")
            features[f"P{stage + 2}"] = x
        features["P5"] = layer_norm(x, "last_norm")
        return features

    def _block(self, x: Any, tiling: Tiling, rate: float, name: str) -> Any:
        from keras import layers

        y = tiling.attend(layer_norm(x, f"{name}_norm1"), x.shape[-1] // self.head_width, self.window, name)
        x = layers.Add(name=f"{name}_add1")([x, skip_at(y, rate, f"{name}_skip1")])
        y = widen(layer_norm(x, f"{name}_norm2"), 4 * x.shape[-1], name)
        return layers.Add(name=f"{name}_add2")([x, skip_at(y, rate, f"{name}_skip2")])


@dataclass(frozen=True)
class Tiling:
    """How windows lie on maps, the same for all blocks of a stage that move them alike."""

    window: tuple[int, int]
    """Height and width of the windows: no more than those of the maps."""
    shift: tuple[int, int]
    """Places by which the windows are moved down and to the right."""
    index: Any
    """The row of the table for each pair of places, as a tensor."""
    regions: Any | None
    """The parts of each window that attend to themselves alone, as a tensor; None where a window is one part."""

    @classmethod
    def of(cls, x: Any, side: int, *, shifted: bool) -> Tiling:
        """Return how windows of this side lie on maps: moved by half of it, if so, where they do not span the maps."""
        size = x.shape[1:3]
        window = min(side, size[0]), min(side, size[1])
        move = side // 2 if shifted else 0
        shift = move if size[0] > side else 0, move if size[1] > side else 0
        parts = None
        if any(shift) or any(length % part for length, part in zip(size, window, strict=True)):
            parts = whole_numbers(x, parts_of(size, window, shift))
        return cls(window, shift, whole_numbers(x, offsets(window, (side, side))), parts)

    def attend(self, x: Any, heads: int, side: int, name: str) -> Any:
        """Return attention within the windows: `(n, h, w, c) -> (n, h, w, c)`."""
        from keras import layers, ops

        height, width = x.shape[1:3]
        y = filled(x, self.window, f"{name}_fill")
        more = y.shape[1] - height, y.shape[2] - width
        if any(self.shift):
            y = ops.roll(y, (-self.shift[0], -self.shift[1]), axis=(1, 2))
        rows = (2 * side - 1) ** 2
        y = attend(y, heads, self.window, name, index=self.index, rows=rows, regions=self.regions)
        if any(self.shift):
            y = ops.roll(y, self.shift, axis=(1, 2))
        if any(more):
            y = layers.Cropping2D([(0, more[0]), (0, more[1])], name=f"{name}_cut")(y)
        return y


def filled(x: Any, unit: Sequence[int], name: str) -> Any:
    """Return maps with zeros at the right and the bottom, so that sizes are multiples of the unit."""
    from keras import layers

    more = [-length % part for length, part in zip(x.shape[1:3], unit, strict=True)]
    return layers.ZeroPadding2D([(0, more[0]), (0, more[1])], name=name)(x) if any(more) else x


def parts_of(size: Sequence[int], window: Sequence[int], shift: Sequence[int]) -> Any:
    """Return the part of the maps that each place of each window belongs to, `(windows, h * w)`.

    Moved windows reach over the lower and the right edge to the other side, where another part of the maps begins. What
    was filled in is a part of its own, -1.

    >>> parts_of((1, 4), (1, 2), (0, 1)).tolist()
    [[4, 4], [5, 3]]
    """
    import numpy as np

    down, right = (
        (np.arange(length + -length % part) - move) // part + 1
        for length, part, move in zip(size, window, shift, strict=True)
    )
    parts = down[:, None] * (right.max() + 1) + right
    parts[size[0] :] = -1
    parts[:, size[1] :] = -1
    parts = np.roll(parts, (-shift[0], -shift[1]), axis=(0, 1))
    tiles = parts.reshape(len(down) // window[0], window[0], -1, window[1])
    return tiles.transpose(0, 2, 1, 3).reshape(-1, window[0] * window[1])


def _merged(x: Any, name: str) -> Any:
    """Return maps of half the size with twice the channels: four neighbours become one place."""
    from keras import layers

    x = filled(x, (2, 2), f"{name}_fill")
    _, height, width, channels = x.shape
    x = layers.Reshape((height // 2, 2, width // 2, 2, channels), name=f"{name}_split")(x)
    # Columns before rows: the order of the paper's code.
    x = layers.Permute((1, 3, 4, 2, 5), name=f"{name}_gather")(x)
    x = layers.Reshape((height // 2, width // 2, 4 * channels), name=f"{name}_join")(x)
    return layers.Dense(2 * channels, use_bias=False, name=f"{name}_reduce")(layer_norm(x, f"{name}_norm"))
