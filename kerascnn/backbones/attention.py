"""What networks with attention are built of: stock Keras layers and operations, which plain Keras opens again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

EPSILON = 1e-6
"""The number that the papers' code adds to the variance of a layer normalisation."""
_NEVER = -3e4
"""A score that softmax makes nothing of, within what 16 bits can hold."""


def layer_norm(x: Any, name: str) -> Any:
    """Return normalisation over the channels of each place (Ba et al. 2016, arXiv:1607.06450)."""
    from keras import layers

    return layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


def rising(count: int, most: float) -> list[float]:
    """Return a rate for each of `count` blocks, rising evenly.

    >>> rising(3, 0.2)
    [0.0, 0.1, 0.2]
    """
    return [most * i / max(1, count - 1) for i in range(count)]


def skip_at(x: Any, rate: float, name: str) -> Any:
    """Return a branch that is left out for some samples while training (Huang et al. 2016, arXiv:1603.09382)."""
    from keras import layers

    if not rate:
        return x
    return layers.Dropout(rate, noise_shape=(None, *[1] * (len(x.shape) - 1)), name=name)(x)


def scale_channels(x: Any, first: float, name: str) -> Any:
    """Return maps with each channel multiplied by a weight (Touvron et al. 2021, arXiv:2103.17239)."""
    from keras import initializers, layers

    begin = initializers.Constant(first)
    shape = tuple(x.shape[1:])
    return layers.EinsumDense("nhwc,c->nhwc", output_shape=shape, kernel_initializer=begin, name=name)(x)


def widen(x: Any, hidden: int, name: str, *, dropout: float = 0.0) -> Any:
    """Return two dense layers with a GELU between them, applied to each place."""
    from keras import layers

    y = layers.Dense(hidden, activation="gelu", name=f"{name}_expand")(x)
    if dropout:
        y = layers.Dropout(dropout, name=f"{name}_dropout1")(y)
    y = layers.Dense(x.shape[-1], name=f"{name}_reduce")(y)
    return layers.Dropout(dropout, name=f"{name}_dropout2")(y) if dropout else y


def whole_numbers(x: Any, numbers: Any) -> Any:
    """Return an array of whole numbers as a tensor of the network that `x` belongs to, without a batch axis.

    A layer with a table of weights can look these up: a weight that depends on no input is had in no other way from
    Keras's own layers.
    """
    import numpy as np
    from keras import ops

    first = x[(slice(1), *[0] * (len(x.shape) - 1))]
    return ops.add(ops.sum(ops.zeros_like(first, dtype="int32")), np.asarray(numbers, "int32"))


def table(index: Any, rows: int, columns: int, name: str, *, spread: float = 0.02) -> Any:
    """Return a table of weights looked up: `(...) -> (..., columns)`. It begins with small normal numbers."""
    from keras import initializers, layers

    begin = initializers.TruncatedNormal(stddev=spread) if spread else "zeros"
    return layers.Embedding(rows, columns, embeddings_initializer=begin, name=name)(index)


def offsets(window: Sequence[int], reach: Sequence[int]) -> Any:
    """Return for each pair of places of a window the row of the table that belongs to their offset, `(hw, hw)`.

    The table has a row for each offset between places of a window of size `reach`, (2 * height - 1) * (2 * width - 1).

    >>> offsets((1, 2), (1, 2)).tolist()
    [[1, 0], [2, 1]]
    """
    import numpy as np

    rows, columns = (part.ravel() for part in np.indices(tuple(window)))
    down = rows[:, None] - rows + reach[0] - 1
    right = columns[:, None] - columns + reach[1] - 1
    return down * (2 * reach[1] - 1) + right


def attend(
    x: Any, heads: int, window: Sequence[int], name: str, *, index: Any, rows: int, regions: Any | None = None
) -> Any:
    """Return attention within windows that tile the maps: `(n, h, w, c) -> (n, h, w, c)`.

    To each score a weight is added that belongs to the offset between the two places and to the head: `index` says
    which of `rows` it is (see `offsets`). `regions` `(windows, h * w)`, where it is given, numbers the parts of each
    window, and a place attends to places of its own part alone.
    """
    from keras import layers, ops

    _, height, width, channels = x.shape
    tiles, places = (height // window[0], width // window[1]), window[0] * window[1]
    split = (tiles[0] * tiles[1], places, heads, channels // heads)
    y = layers.Reshape((tiles[0], window[0], tiles[1], window[1], channels), name=f"{name}_tile")(x)
    y = layers.Permute((1, 3, 2, 4, 5), name=f"{name}_gather")(y)
    y = layers.Reshape((split[0], places, channels), name=f"{name}_windows")(y)
    query, key, value = (
        layers.Reshape(split, name=f"{name}_{part}_heads")(layers.Dense(channels, name=f"{name}_{part}")(y))
        for part in ("query", "key", "value")
    )
    scores = ops.einsum("nwqhd,nwkhd->nwhqk", query * split[-1] ** -0.5, key)
    scores = scores + ops.transpose(table(index, rows, heads, f"{name}_offsets"), (2, 0, 1))
    if regions is not None:
        same = ops.equal(regions[:, None, :, None], regions[:, None, None, :])
        scores = ops.where(same, scores, ops.cast(_NEVER, scores.dtype))
    if places > 1:
        shares = layers.Softmax(name=f"{name}_shares")(scores)
    else:  # the share is 1, whatever the score; Keras warns of a softmax over one number
        shares = ops.exp(scores - ops.logsumexp(scores, axis=-1, keepdims=True))
    y = ops.einsum("nwhqk,nwkhd->nwqhd", shares, value)
    y = layers.Reshape((split[0], places, channels), name=f"{name}_joined")(y)
    y = layers.Dense(channels, name=f"{name}_out")(y)
    y = layers.Reshape((*tiles, *window, channels), name=f"{name}_untile")(y)
    y = layers.Permute((1, 3, 2, 4, 5), name=f"{name}_scatter")(y)
    return layers.Reshape((height, width, channels), name=f"{name}_maps")(y)
