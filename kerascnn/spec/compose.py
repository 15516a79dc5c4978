"""Chains of layers, each at its place in the spec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kerascnn.errors import BuildError
from kerascnn.spec.kinds import Layer
from kerascnn.spec.trace import at, claim, count_layer, current_path

MAX_LAYERS = 500
"""Keras recurses for each layer of a chain when it builds, saves and loads; Python stops it at 940 and more."""


def compose(layers: Sequence[Layer], x: Any, *path: str | int) -> Any:
    """Return what the chain of layers makes of `x`. `path` is the chain's own key in the spec, such as "body".

    Raises BuildError with the path of the layer that does not fit.
    """
    for i, layer in enumerate(layers):
        with at(*path, i):
            if count_layer() > MAX_LAYERS:
                raise BuildError(f"the network has more than {MAX_LAYERS} layers", current_path())
            x = layer.apply(x)
            claim(x)
    return x
