"""Inverted residuals: blocks that are narrow at their ends and wide inside (Sandler et al. 2018, arXiv:1801.04381)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kerascnn.backbones.blocks import activate, convolve, gate, normalise

_EPSILON = 1e-3


@dataclass(frozen=True)
class Style:
    """What the blocks of a network have in common."""

    function: str
    """Activation after each convolution but the last of a block."""
    momentum: float = 0.99
    """Momentum of batch normalisation."""
    gates: tuple[str, str] = ("relu", "sigmoid")
    """Activations within a gate and at its end."""


class Stage(NamedTuple):
    """Blocks in a row, the first of which has the stride."""

    expansion: int
    """Channels inside a block for each one that enters it."""
    filters: int
    """Channels that leave a block."""
    blocks: int
    strides: int
    size: int = 3
    """Height and width of the kernels that look around."""
    gate: int = 0
    """Channels that enter a block for each one inside its gate; 0: no gate."""
    fused: bool = False
    """Whether one full convolution stands for the expansion and the depthwise one."""


def rounded(filters: float) -> int:
    """Return the multiple of 8 nearest to a number of channels, never less than nine tenths of it.

    >>> rounded(32 * 1.4), rounded(16 * 0.7)
    (48, 16)
    """
    nearest = nearest_of_8(filters)
    return nearest + 8 if nearest < 0.9 * filters else nearest


def nearest_of_8(filters: float) -> int:
    """Return the multiple of 8 nearest to a number of channels, at least 8.

    >>> nearest_of_8(16 * 0.7), nearest_of_8(3)
    (8, 8)
    """
    return max(8, int(filters + 4) // 8 * 8)


def stem(x: Any, filters: int, style: Style) -> Any:
    """Return the first convolution, which halves height and width."""
    return settle(convolve(x, filters, 3, strides=2, name="stem_conv"), "stem", style)


def last(x: Any, filters: int, style: Style) -> Any:
    """Return the last convolution, which widens the channels for the head."""
    return settle(convolve(x, filters, 1, name="last_conv"), "last", style)


def stages(x: Any, plan: Sequence[Stage], style: Style, drop: float = 0.0) -> dict[str, Any]:
    """Return the last map of each stride of 2, 4, ... by name (`P1`, `P2`, ...), of a stem whose stride is 2.

    The chance that a block is left out grows linearly, from 0 for the first to `drop` past the last.
    """
    features = {"P1": x}
    level, number, total = 1, 0, sum(stage.blocks for stage in plan)
    for stage in plan:
        level += stage.strides == 2
        for i in range(stage.blocks):
            strides = stage.strides if i == 0 else 1
            x = _block(x, stage, strides, style, drop * number / total, f"block{number}")
            number += 1
        features[f"P{level}"] = x
    return features


def inverted(
    x: Any,
    filters: int,
    hidden: int,
    *,
    name: str,
    style: Style,
    size: int = 3,
    strides: int = 1,
    gated: int = 0,
    drop: float = 0.0,
) -> Any:
    """Return an inverted residual: widened to `hidden` channels, each convolved on its own, `(n, h', w', filters)`.

    `gated` channels stand inside its gate (0: none); `drop` is the chance that it is left out for a picture while
    training.
    """
    from keras import layers

    y = x
    if hidden != x.shape[-1]:
        y = settle(convolve(y, hidden, 1, name=f"{name}_expand"), f"{name}_expand", style)
    # "same" pads a stride of 2 as Keras's networks do with a layer of their own.
    y = layers.DepthwiseConv2D(size, strides=strides, padding="same", use_bias=False, name=f"{name}_depthwise")(y)
    y = settle(y, f"{name}_depthwise", style)
    if gated:
        y = gate(y, gated, f"{name}_gate", inner=style.gates[0], outer=style.gates[1])
    y = _norm(convolve(y, filters, 1, name=f"{name}_project"), f"{name}_project", style)
    return _join(x, y, strides, drop, name)


def fused(
    x: Any, filters: int, hidden: int, *, name: str, style: Style, size: int = 3, strides: int = 1, drop: float = 0.0
) -> Any:
    """Return an inverted residual with one full convolution inside: `(n, h, w, c) -> (n, h', w', filters)`.

    It is narrowed again unless it is no wider inside. (Gupta and Tan 2019, "EfficientNet-EdgeTPU".)
    """
    if hidden == x.shape[-1]:
        y = convolve(x, filters, size, strides=strides, name=f"{name}_conv")
        return _join(x, settle(y, f"{name}_conv", style), strides, drop, name)
    y = settle(convolve(x, hidden, size, strides=strides, name=f"{name}_expand"), f"{name}_expand", style)
    y = _norm(convolve(y, filters, 1, name=f"{name}_project"), f"{name}_project", style)
    return _join(x, y, strides, drop, name)


def settle(x: Any, name: str, style: Style) -> Any:
    """Return batch normalisation and the activation."""
    return activate(_norm(x, name, style), f"{name}_act", style.function)


def _block(x: Any, stage: Stage, strides: int, style: Style, drop: float, name: str) -> Any:
    channels = x.shape[-1]
    hidden = stage.expansion * channels
    if stage.fused:
        return fused(x, stage.filters, hidden, name=name, style=style, size=stage.size, strides=strides, drop=drop)
    gated = max(1, channels // stage.gate) if stage.gate else 0
    return inverted(
        x, stage.filters, hidden, name=name, style=style, size=stage.size, strides=strides, gated=gated, drop=drop
    )


def _join(x: Any, y: Any, strides: int, drop: float, name: str) -> Any:
    """Return the sum where both have the same shape, with stochastic depth (Huang et al. 2016, arXiv:1603.09382)."""
    from keras import layers

    if strides > 1 or x.shape[-1] != y.shape[-1]:
        return y
    if drop:
        y = layers.Dropout(drop, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(y)
    return layers.Add(name=f"{name}_add")([x, y])


def _norm(x: Any, name: str, style: Style) -> Any:
    return normalise(x, f"{name}_norm", epsilon=_EPSILON, momentum=style.momentum)
