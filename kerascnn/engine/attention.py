"""Where in a network places look at one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import keras
import numpy as np
from keras import ops

from kerascnn.engine.taps import feeders, operation_of, spare_tokens, tiling, upstream
from kerascnn.errors import UsageError

_SHARES = "_shares"
"""The end of the name of a softmax over places, as `kerascnn.backbones.attention` spells it."""


class AttentionBlocks:
    """The last blocks of a network in which each place looks at all, as many as have the same places."""

    def __init__(self, backbone: keras.Model, features: Sequence[Any]):
        """Find them. Raises UsageError where there is no attention, or only such as is confined to windows."""
        found = []
        for tensor in reversed(list(upstream(features, set()))):
            operation = operation_of(tensor)
            if isinstance(operation, keras.layers.MultiHeadAttention):
                found.append(_of_layer(tensor, backbone.input))
            elif operation.name.endswith(_SHARES) and len(tensor.shape) == 5:
                found.append(_of_window(tensor, backbone))
        last = found[-1] if found else None
        if last is None:
            raise UsageError(
                "the network has no attention in which each place of a picture looks at all; take another method, such "
                "as grad_cam"
            )
        self.first, self.grid = last.first, last.grid
        """The number of tokens before those of places, and rows and columns of these."""
        alike = takewhile(lambda one: one is not None and (one.first, one.grid) == (last.first, last.grid), found[::-1])
        self.blocks = [one for one in alike if one is not None][::-1]
        self.model = keras.Model(backbone.input, [one.tensors for one in self.blocks])

    def shares(self, inputs: np.ndarray) -> list[np.ndarray]:
        """Return what each token looked at in each block, the mean over the heads, float32 `(n, tokens, tokens)`."""
        found = self.model.predict_on_batch(inputs)
        return [
            np.asarray(ops.convert_to_numpy(ops.cast(one.shares(given), "float32")), "float32")
            for one, given in zip(self.blocks, found, strict=True)
        ]


@dataclass(frozen=True)
class _Block:
    tensors: list[Any]
    """What the shares are computed from."""
    layer: keras.layers.MultiHeadAttention | None
    """The layer that computes them of query and value; None where the tensor has them for every head."""
    first: int
    grid: tuple[int, int]

    def shares(self, given: Sequence[Any]) -> Any:
        if self.layer is None:
            return ops.mean(ops.convert_to_tensor(given[0])[:, 0], axis=1)
        # Keras cannot build a model with the scores of a layer that was called without them.
        query, value = (ops.convert_to_tensor(one) for one in (given[0], given[-1]))
        return ops.mean(self.layer(query, value, return_attention_scores=True, training=False)[1], axis=1)


def _of_layer(tensor: Any, source: Any) -> _Block | None:
    """Return one of Keras's own layers over the tokens of a picture, None where these are no grid."""
    query, *others = feeders(tensor)
    if len(source.shape) != 4 or len(query.shape) != 3:
        return None
    grid = tiling(query.shape[1], tuple(source.shape[1:3]))
    if grid is None:
        return None
    return _Block([query, *others[:1]], operation_of(tensor), spare_tokens(query, source), grid)


def _of_window(tensor: Any, backbone: keras.Model) -> _Block | None:
    """Return a window that spans the whole maps, None where there are several."""
    if tensor.shape[1] != 1:
        return None
    maps = backbone.get_layer(operation_of(tensor).name.removesuffix(_SHARES) + "_maps").output
    return _Block([tensor], None, 0, (int(maps.shape[1]), int(maps.shape[2])))
